-- A unit without a code of the company goes by its path.

create or replace function authz_private.sync_known_units(tenant_id int)
returns table (code text, unit_id int)
language plpgsql stable security invoker parallel restricted
as $$
#variable_conflict use_column
begin
    return query
    select
        coalesce(n.external_id, n.path::text),
        n.id
    from authz.org_units as n
    left join authz.org_units as c
        on n.tenant_id = c.tenant_id and n.external_id is null and c.external_id = n.path::text
    where n.tenant_id = sync_known_units.tenant_id and c.id is null;
end
$$;

comment on function authz_private.sync_known_units(int) is 'Units of the tenant by their codes.';
revoke all on function authz_private.sync_known_units(int) from public;
