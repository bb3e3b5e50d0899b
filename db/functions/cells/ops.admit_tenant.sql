-- The last step of a move; made twice it does nothing.

create or replace function ops.admit_tenant(tenant_id int)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    update ops.moved_tenants as m
    set state = 'here'
    where m.tenant_id = admit_tenant.tenant_id and m.state = 'arriving';
    if found then
        perform audit.record('ADMIT_TENANT', jsonb_build_object('tenant_id', tenant_id));
    end if;
end
$$;

comment on function ops.admit_tenant(int) is
    'Lets the users of a tenant sign in that another cell has let go.';
revoke all on function ops.admit_tenant(int) from public;
