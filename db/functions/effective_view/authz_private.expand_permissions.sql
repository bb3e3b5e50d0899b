-- The row lock comes first, so that what is read after it includes whatever another transaction has
-- changed: each change is made of all changes before it. At REPEATABLE READ, where it would not be,
-- the lock is refused (40001). Rows that stay the same are not written.

create or replace function authz_private.expand_permissions()
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    update authz_private.expansion set version = version + 1;

    delete from authz_private.expanded_permissions as e
    where not exists (
        select
        from authz_private.expanded_permissions_live as l
        where l.granted_kind = e.granted_kind
            and l.granted_id = e.granted_id
            and l.resource = e.resource
            and l.action = e.action
            and l.permission_id = e.permission_id
            and l.scope = e.scope
            and l.effect = e.effect
            and l.priority = e.priority
            and row(l.role_id, l.policy_id, l.tenant_id, l.conditions)
            is not distinct from row(e.role_id, e.policy_id, e.tenant_id, e.conditions)
    );

    insert into authz_private.expanded_permissions (
        granted_kind, granted_id, resource, action, scope, effect, priority, conditions, tenant_id,
        role_id, policy_id, permission_id
    )
    select
        l.granted_kind,
        l.granted_id,
        l.resource,
        l.action,
        l.scope,
        l.effect,
        l.priority,
        l.conditions,
        l.tenant_id,
        l.role_id,
        l.policy_id,
        l.permission_id
    from authz_private.expanded_permissions_live as l
    on conflict do nothing;
end
$$;

comment on function authz_private.expand_permissions() is
    'Makes authz_private.expanded_permissions equal to authz_private.expanded_permissions_live. '
    'Waits for another transaction that does so; 40001 where that one has ended and the isolation '
    'level hides it.';
revoke all on function authz_private.expand_permissions() from public;
