-- The log says that the rows came. The tenant is here from the start and nobody can act for it
-- before ops.admit_tenant().

create or replace function ops.receive_tenant(tenant_id int, from_cell int)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    held record;
begin
    insert into ops.moved_tenants (tenant_id, from_cell)
    values (receive_tenant.tenant_id, receive_tenant.from_cell);
    perform set_config('fundwarden.reason', format('moved from cell %s', from_cell), true);
    perform authz_private.name_arriving_permissions();
    -- Left behind by somebody who had signed in here when the tenant went.
    delete from authz_private.last_sign_ins as s
    using pg_temp.arriving_rows as a
    where a.title = 'authz.users' and s.user_id = (a.content ->> 'id')::bigint;
    for held in
        select t.* from authz_private.tenant_tables() as t order by t.place
    loop
        perform authz_private.insert_arriving_rows(held.title);
    end loop;
end
$$;

comment on function ops.receive_tenant(int, int) is
    'Inserts the rows of pg_temp.arriving_rows, which are those of ops.tenant_rows() of another '
    'cell. Nobody can sign in as a user of the tenant before ops.admit_tenant().';
revoke all on function ops.receive_tenant(int, int) from public;
