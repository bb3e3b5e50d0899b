"""The first release: every file of db/schema in the order of db/install.sql, by checksum.

Until the release `python -m runner.migrations pin` renews the checksums; at the release
`python -m runner.migrations freeze` copies the texts beside this file, and both never change again.
"""

from runner.migrations import include

FILES = [
    (
        "schema/001_roles_and_schemas.sql",
        "4b3ec7204f7050a71dd174757e3f42b1555084c8ec4490853299ce9df6618773",
    ),
    (
        "schema/010_authz_organisation.sql",
        "59189121c288844701650ba376f2cacb3e730a5809f08298d5cbdb466bf706e0",
    ),
    (
        "schema/020_authz_people.sql",
        "b3dcb236082de252d3bf04f8a432d78d0f4cf5d38fad5b4560cba8e26594228d",
    ),
    (
        "schema/030_authz_grants.sql",
        "2d0ceaef734f25d39ed897922d22003a540f079faa6dfe6968819dee690fa7d6",
    ),
    (
        "schema/035_authz_templates.sql",
        "4817296d82445916a5a62898c639ee0abb58a51e2e07047ebbafc01707e70319",
    ),
    (
        "schema/040_authz_private.sql",
        "310d36865a57be35a596f5e0546242196b0a43d71fa4670003e84c2463b50155",
    ),
    (
        "schema/045_authz_effective.sql",
        "5e5d1843e84d123bb5f64a226d45060a33ee5c826e6a8e668ad75414c1bd2332",
    ),
    (
        "schema/047_authz_administration.sql",
        "47ed240e49ee7ee05f176229db51e5dc067a051244be13f64c88b2a8fe00ac52",
    ),
    (
        "schema/050_finance_records.sql",
        "01fe05fb0902f9347f4b3663582ddb5de7429fba3cc0cd3b59424975e15d9f2c",
    ),
]

include(__file__, FILES)
