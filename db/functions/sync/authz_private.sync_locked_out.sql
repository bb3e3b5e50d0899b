-- A feed never leaves a tenant without anybody who can administer it.

create or replace function authz_private.sync_locked_out(tenant_id int, leaving bigint [])
returns setof bigint
language plpgsql stable security invoker parallel restricted
as $$
#variable_conflict use_column
declare
    candidates bigint [] := authz_private.sync_administrators(tenant_id);
begin
    if candidates is null
        or not candidates && leaving
        or exists (
            select
            from unnest(candidates) as c (user_id)
            where c.user_id <> all(leaving)
                and authz_private.decide(
                    c.user_id, 'permissions', 'create', sync_locked_out.tenant_id, '{}', false
                )
        )
    then
        return;
    end if;
    return query
    select c.user_id
    from unnest(candidates) as c (user_id)
    where c.user_id = any(leaving)
        and authz_private.decide(
            c.user_id, 'permissions', 'create', sync_locked_out.tenant_id, '{}', false
        );
end
$$;

comment on function authz_private.sync_locked_out(int, bigint []) is
    'Of the users who are leaving, the administrators of the tenant, where no other is left: '
    'users who may do permissions:create in its root unit.';
revoke all on function authz_private.sync_locked_out(int, bigint []) from public;
