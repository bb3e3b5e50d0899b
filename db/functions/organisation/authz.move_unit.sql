-- Takes the tenant's lock before the row's, so that two moves wait for each other where plain
-- updates may deadlock. Anybody but the owner is asked whether they may.

create or replace function authz.move_unit(unit_id int, new_parent_id int)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    tenant int;
    me bigint;
    unit authz.org_units;
begin
    if not authz_private.session_is_owner() then
        me := authz_private.begin_administration(
            (select n.tenant_id from authz.org_units as n where n.id = move_unit.unit_id), 'unit_id'
        );
        unit := authz_private.administered_unit(
            me, 'units', 'update', move_unit.unit_id, true, 'unit_id'
        );
        perform authz_private.check_move(
            me, unit,
            authz_private.administered_unit(
                me, 'units', 'update', move_unit.new_parent_id, false, 'new_parent_id'
            )
        );
    end if;

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
    'The owner may call it, and a caller who holds units:update throughout the unit, above it '
    'and at the new parent, does not belong below it, and holds there whatever anybody gains by '
    'the move. 28000 if nobody is signed in; 42501 if that is not allowed or the object does not '
    'exist; to the owner 22023 unknown unit or parent; 23514 a cycle, a root, or another tenant; '
    '40001: retry.';
revoke all on function authz.move_unit(int, int) from public;
grant execute on function authz.move_unit(int, int) to fundwarden_app;
