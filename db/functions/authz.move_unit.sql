-- Takes the tenant's lock before the row's, so that two moves wait for each other where plain
-- updates may deadlock.

create or replace function authz.move_unit(unit_id int, new_parent_id int)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    tenant int;
begin
    select n.tenant_id into tenant from authz.org_units as n where n.id = move_unit.unit_id;
    if tenant is null then
        raise exception 'unit_id % does not exist', coalesce(unit_id::text, 'null')
            using errcode = '22023', hint = 'Pass the id of a row in authz.org_units.';
    end if;
    if new_parent_id is null or not exists (
        select from authz.org_units as n where n.id = move_unit.new_parent_id
    ) then
        raise exception 'new_parent_id % does not exist', coalesce(new_parent_id::text, 'null')
            using errcode = '22023', hint = 'Pass the id of a unit of the same tenant.';
    end if;
    perform from authz.tenants as t where t.id = tenant for no key update;
    update authz.org_units as n
    set parent_id = move_unit.new_parent_id
    where n.id = move_unit.unit_id
        and n.parent_id is distinct from move_unit.new_parent_id;
end
$$;

comment on function authz.move_unit(int, int) is
    'Moves a unit with everything below it under another unit of its tenant; no fund is touched. '
    '22023 unknown unit or parent; 23514 a cycle, a root, or another tenant; 40001 retry.';
revoke all on function authz.move_unit(int, int) from public;
