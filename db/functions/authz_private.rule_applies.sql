-- Whether a data permission is about a user, now.

create or replace function authz_private.rule_applies(
    user_id bigint,
    role_id int,
    rule_user_id bigint,
    tenant_id int,
    whitelist bigint [],
    valid_from timestamptz,
    valid_until timestamptz
)
returns boolean
language plpgsql stable security invoker parallel safe
as $$
begin
    if valid_from > authz.clock() or valid_until <= authz.clock()
        or rule_applies.user_id = any(whitelist)
        or rule_applies.user_id <> rule_user_id
    then
        return false;
    end if;
    if rule_applies.tenant_id is not null and not exists (
        select
        from authz.users as u
        where u.id = rule_applies.user_id and u.tenant_id = rule_applies.tenant_id
    )
    then
        return false;
    end if;
    return rule_applies.role_id is null or exists (
        select
        from authz_private.held_roles(rule_applies.user_id) as h
        where h.role_id = rule_applies.role_id and h.held @> authz.clock()
    );
end
$$;

comment on function authz_private.rule_applies(
    bigint, int, bigint, int, bigint [], timestamptz, timestamptz
) is
    'Whether a rule with that subject, tenant, whitelist and window is about the user now. Holders '
    'of a role are those who inherited it or act by delegation, too.';
revoke all on function authz_private.rule_applies(
    bigint, int, bigint, int, bigint [], timestamptz, timestamptz
) from public;
