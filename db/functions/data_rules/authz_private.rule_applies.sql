-- Inlined into its callers. Whether a data permission is about a user, now.

create or replace function authz_private.rule_applies(
    user_id bigint,
    user_tenant_id int,
    role_ids int [],
    role_id int,
    rule_user_id bigint,
    tenant_id int,
    whitelist bigint [],
    valid_from timestamptz,
    valid_until timestamptz
)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select (rule_applies.rule_user_id is null or rule_applies.rule_user_id = rule_applies.user_id)
        and (rule_applies.role_id is null or rule_applies.role_id = any(rule_applies.role_ids))
        and (
            rule_applies.tenant_id is null
            or coalesce(rule_applies.tenant_id = rule_applies.user_tenant_id, false)
        )
        and rule_applies.user_id <> all(rule_applies.whitelist)
        and (rule_applies.valid_from is null or rule_applies.valid_from <= authz.clock())
        and (rule_applies.valid_until is null or rule_applies.valid_until > authz.clock());
end;

comment on function authz_private.rule_applies(
    bigint, int, int [], int, bigint, int, bigint [], timestamptz, timestamptz
) is
    'Whether a rule with that subject, tenant, whitelist and window is about the user of that '
    'tenant and those roles (authz_private.roles_now) now.';
revoke all on function authz_private.rule_applies(
    bigint, int, int [], int, bigint, int, bigint [], timestamptz, timestamptz
) from public;
