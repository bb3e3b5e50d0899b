-- One by one, for an administrator; authz_private.sync_known_units() is for all.

create or replace function authz_private.sync_unit_id(tenant_id int, code text)
returns int
language sql stable security invoker parallel safe
begin atomic
    select n.id
    from authz.org_units as n
    where n.tenant_id = sync_unit_id.tenant_id
        and (
            n.external_id = sync_unit_id.code
            or n.external_id is null and n.path::text = sync_unit_id.code
        )
    order by n.external_id is null
    limit 1;
end;

comment on function authz_private.sync_unit_id(int, text) is
    'The unit of the tenant with this code; null: none.';
revoke all on function authz_private.sync_unit_id(int, text) from public;
