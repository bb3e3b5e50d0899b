-- A role of the tenant goes before one of the platform.

create or replace function authz_private.sync_role_id(tenant_id int, code text)
returns int
language sql stable security invoker parallel safe
begin atomic
    select r.id
    from authz.roles as r
    where r.code = sync_role_id.code
        and (r.tenant_id = sync_role_id.tenant_id or r.tenant_id is null)
    order by r.tenant_id nulls last
    limit 1;
end;

comment on function authz_private.sync_role_id(int, text) is
    'The role with this code that the tenant may use; null: none.';
revoke all on function authz_private.sync_role_id(int, text) from public;
