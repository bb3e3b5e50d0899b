-- A superset, found from the tables: each of them is then asked.

create or replace function authz_private.sync_administrators(tenant_id int)
returns bigint []
language sql stable security invoker parallel safe
begin atomic
    select array_agg(u.id)
    from authz.org_units as n
    cross join lateral authz_private.live_holders(
        n.path, 'permissions', 'create', 0, 2147483647
    ) as h (user_id)
    inner join authz.users as u on h.user_id = u.id and n.tenant_id = u.tenant_id
    where n.id = sync_administrators.tenant_id;
end;

comment on function authz_private.sync_administrators(int) is
    'Users of the tenant among whom are all who may do permissions:create in its root unit, by '
    'whatever gives it. Null: nobody.';
revoke all on function authz_private.sync_administrators(int) from public;
