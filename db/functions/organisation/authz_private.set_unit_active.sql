-- What was given at a unit holds while it is active: to end that lifts denies, to begin it gives
-- anew.

create or replace function authz_private.set_unit_active(unit_id int, is_active boolean)
returns authz.change
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    me bigint;
    unit authz.org_units;
begin
    me := authz_private.begin_administration(
        (select n.tenant_id from authz.org_units as n where n.id = set_unit_active.unit_id),
        'unit_id'
    );
    unit := authz_private.administered_unit(
        me, 'units', case when set_unit_active.is_active then 'update' else 'delete' end,
        set_unit_active.unit_id, false, 'unit_id'
    );
    if unit.is_active <> set_unit_active.is_active then
        if exists (
            select from authz_private.units_of_user(me) as p where p.unit_id = unit.id
            union all
            select
            from authz_private.grants as g
            where g.user_id = me and g.business_unit_id = unit.id
        )
        then
            raise exception 'unit_id: you belong to it, or hold something there'
                using errcode = '42501', hint = 'Ask somebody above the unit.';
        end if;
        if not authz_private.outranks(
            me,
            (
                select max(r.rank)
                from authz.user_roles as ur
                inner join authz.roles as r on ur.role_id = r.id
                inner join authz.users as u on ur.tenant_id = u.tenant_id and ur.user_id = u.id
                where ur.tenant_id = unit.tenant_id
                    and (ur.valid_until is null or ur.valid_until > authz.clock())
                    and (
                        ur.unit_id = unit.id
                        or ur.unit_id is null and (
                            u.base_unit_id = unit.id
                            or exists (
                                select
                                from authz.memberships as m
                                where m.tenant_id = u.tenant_id
                                    and m.user_id = u.id
                                    and m.unit_id = unit.id
                            )
                        )
                    )
            ),
            unit.path,
            false
        )
        then
            raise exception 'unit_id: somebody above your rank holds a role there'
                using errcode = '42501', hint = 'Ask somebody of at least their rank.';
        end if;
        perform authz_private.require_to_hold(
            me,
            array(
                select distinct g.permission_id
                from authz_private.grants_at(array[unit.id]) as g
                where set_unit_active.is_active or g.effect = 'deny'
            ),
            unit.path, true, unit.path, null
        );
        update authz.org_units as n
        set is_active = set_unit_active.is_active, is_absent = false, updated_at = now()
        where n.id = unit.id;
    elsif unit.is_absent then
        -- What a feed deactivated stays inactive, whatever the next feed says.
        update authz.org_units as n
        set is_absent = false, updated_at = now()
        where n.id = unit.id;
    end if;
    return row(unit.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz_private.set_unit_active(int, boolean) is
    'Behind authz.activate_unit and authz.deactivate_unit.';
revoke all on function authz_private.set_unit_active(int, boolean) from public;
