-- A user's tenant is that of the base unit.

create or replace function authz_private.tg_tenant_of_unit()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    select n.tenant_id into new.tenant_id from authz.org_units as n where n.id = new.base_unit_id;
    if not found then
        raise exception 'base_unit_id % does not exist', coalesce(new.base_unit_id::text, 'null')
            using errcode = '23503', hint = 'Pass the id of a row in authz.org_units.';
    end if;
    return new;
end
$$;

comment on function authz_private.tg_tenant_of_unit() is
    'Trigger: tenant_id of a new user from the base unit. 23503 unknown unit.';
revoke all on function authz_private.tg_tenant_of_unit() from public;
