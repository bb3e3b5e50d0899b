-- Asked before a feed is applied and after.

create or replace function authz_private.sync_is_administered(tenant_id int)
returns boolean
language plpgsql stable security invoker parallel restricted
as $$
begin
    return exists (
        select
        from unnest(authz_private.sync_administrators(tenant_id)) as c (user_id)
        where authz_private.decide(
            c.user_id, 'permissions', 'create', sync_is_administered.tenant_id, '{}', false
        )
    );
end
$$;

comment on function authz_private.sync_is_administered(int) is
    'Whether somebody may do permissions:create in the root unit of the tenant.';
revoke all on function authz_private.sync_is_administered(int) from public;
