-- For the owner, when nobody needs the copy any more.

create or replace function ops.drop_departed_tenant(tenant_id int)
returns bigint
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    dropped bigint;
begin
    delete from ops.departed_rows as d where d.tenant_id = drop_departed_tenant.tenant_id;
    get diagnostics dropped = row_count;
    return dropped;
end
$$;

comment on function ops.drop_departed_tenant(int) is
    'Deletes the copy that this cell kept of a tenant that moved away, and returns how many rows.';
revoke all on function ops.drop_departed_tenant(int) from public;
