"""The first release: every file of db/schema in the order of db/install.sql, by checksum.

Until the release `python -m runner.migrations pin` renews the checksums; at the release
`python -m runner.migrations freeze` copies the texts beside this file, and both never change again.
"""

from runner.migrations import include

FILES = [
    (
        "schema/001_roles_and_schemas.sql",
        "1a92190c75cf9bcd557ff51cc8436651aabc5d121ac02cf5e34e7766ea4d9922",
    ),
    (
        "schema/010_authz_organisation.sql",
        "907f5195f583e9f29d49e853e809c30017074a4dca4d7e630114e80b1fac7503",
    ),
    (
        "schema/020_authz_people.sql",
        "744a6616aa8433c385a72ba34d95e14d8d4f40b8b3da6be8d70c9ff446b944a1",
    ),
    (
        "schema/030_authz_grants.sql",
        "78c936a8e87f14001c6c1e44e79bc15343f999f1a55d90b8f0024b3fcda396e9",
    ),
    (
        "schema/035_authz_templates.sql",
        "4817296d82445916a5a62898c639ee0abb58a51e2e07047ebbafc01707e70319",
    ),
    (
        "schema/040_authz_private.sql",
        "fb81986c4b6d10aae3e5968fe7c1dbcacbc10154877290539281600049f7d04b",
    ),
    (
        "schema/045_authz_effective.sql",
        "792c22f9add2beb777cd23857059043d32185babb95081a3098eb9f61fb33625",
    ),
    (
        "schema/047_authz_administration.sql",
        "47ed240e49ee7ee05f176229db51e5dc067a051244be13f64c88b2a8fe00ac52",
    ),
    (
        "schema/048_authz_delegations.sql",
        "9dc5da66afd1f5c27e68a6def5a303bae6f06600f0de46ceff17b431fa6a9c05",
    ),
    (
        "schema/049_authz_data_permissions.sql",
        "e3d520f155ee487cd2d56f358d678ae4aafe4e5ee1d23adc33aca423b36ae755",
    ),
    (
        "schema/050_finance_records.sql",
        "b18b1035b3d44827ed1e87341b24312f4f4790df049cd38462a6e38cc1be93cc",
    ),
    (
        "schema/060_audit_log.sql",
        "5cc450c41296bd78bb57476ae326f515345175d95e79522b7ca4f553e3b4f77c",
    ),
    (
        "schema/070_ops_health.sql",
        "daf421605e7ccda2292bdcdb3561bfeb3cc85db0926faa436e533eed1efa9623",
    ),
]

include(__file__, FILES)
