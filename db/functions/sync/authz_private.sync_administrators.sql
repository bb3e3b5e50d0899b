-- Few hold what it takes, so each of them is then asked.

create or replace function authz_private.sync_administrators(tenant_id int)
returns bigint []
language sql stable security invoker parallel safe
begin atomic
    select array_agg(distinct h.user_id)
    from (
        select g.user_id
        from authz_private.expanded_permissions as e
        inner join authz.user_roles as g
            on e.granted_kind = 'role'
            and e.granted_id = g.role_id
            and g.tenant_id = sync_administrators.tenant_id
        where e.resource = 'permissions' and e.action in ('create', 'manage') and e.effect = 'allow'
        union all
        select g.user_id
        from authz_private.expanded_permissions as e
        inner join authz.user_policies as g
            on e.granted_kind = 'policy'
            and e.granted_id = g.policy_id
            and g.tenant_id = sync_administrators.tenant_id
        where e.resource = 'permissions' and e.action in ('create', 'manage') and e.effect = 'allow'
        union all
        select g.user_id
        from authz_private.expanded_permissions as e
        inner join authz.user_permissions as g
            on e.granted_kind = 'permission'
            and e.granted_id = g.permission_id
            and g.tenant_id = sync_administrators.tenant_id
        where e.resource = 'permissions' and e.action in ('create', 'manage') and e.effect = 'allow'
    ) as h;
end;

comment on function authz_private.sync_administrators(int) is
    'Users of the tenant who were given permissions:create anywhere, at any time: among them are '
    'all who administer it. Null: nobody.';
revoke all on function authz_private.sync_administrators(int) from public;
