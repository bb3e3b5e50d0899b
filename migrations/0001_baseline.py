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
        "31a550ac9c0abc56551876a70b724b32824672375e5b8da25564015eca53465d",
    ),
    (
        "schema/035_authz_templates.sql",
        "4817296d82445916a5a62898c639ee0abb58a51e2e07047ebbafc01707e70319",
    ),
    (
        "schema/040_authz_private.sql",
        "70355fa8b8273ea87dbe864101967b3a456c8189668b80a4f11b225f30a13f4d",
    ),
    (
        "schema/045_authz_effective.sql",
        "a40d27cd09ac3c31bcf0d45e74881b381d85ed7d4d5d5d98519009395a6663f4",
    ),
    (
        "schema/050_finance_records.sql",
        "11166f6ad5e444e6955103d23077b2ccbddfdcc6bdbe0f3e2d66ff4a794861ee",
    ),
]

include(__file__, FILES)
