"""The first release: every file of db/schema in the order of db/install.sql, by checksum.

Until the release `python -m runner.migrations pin` renews the checksums; at the release
`python -m runner.migrations freeze` copies the texts beside this file, and both never change again.
"""

from runner.migrations import include

FILES = [
    (
        "schema/001_roles_and_schemas.sql",
        "3e61682186e83c598979209b873881519d38f4fc8733453f3a3e355a3f007b7d",
    ),
    (
        "schema/010_authz_organisation.sql",
        "d689b03c30cfb61491d2ada9df13c6db50f45eb005a61699bd30b765848a656d",
    ),
    (
        "schema/020_authz_people.sql",
        "b3dcb236082de252d3bf04f8a432d78d0f4cf5d38fad5b4560cba8e26594228d",
    ),
    (
        "schema/030_authz_grants.sql",
        "31a550ac9c0abc56551876a70b724b32824672375e5b8da25564015eca53465d",
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
        "schema/050_finance_records.sql",
        "01fe05fb0902f9347f4b3663582ddb5de7429fba3cc0cd3b59424975e15d9f2c",
    ),
    (
        "schema/060_audit_log.sql",
        "5cc450c41296bd78bb57476ae326f515345175d95e79522b7ca4f553e3b4f77c",
    ),
]

include(__file__, FILES)
