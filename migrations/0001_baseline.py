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
        "d689b03c30cfb61491d2ada9df13c6db50f45eb005a61699bd30b765848a656d",
    ),
    (
        "schema/020_authz_people.sql",
        "b3dcb236082de252d3bf04f8a432d78d0f4cf5d38fad5b4560cba8e26594228d",
    ),
    (
        "schema/030_authz_grants.sql",
        "4d1b5667c519afdeb186b26121253e20167e64c0c31ff47130ff52a820ddb6dc",
    ),
    (
        "schema/040_authz_private.sql",
        "310d36865a57be35a596f5e0546242196b0a43d71fa4670003e84c2463b50155",
    ),
    (
        "schema/050_finance_records.sql",
        "01fe05fb0902f9347f4b3663582ddb5de7429fba3cc0cd3b59424975e15d9f2c",
    ),
]

include(__file__, FILES)
