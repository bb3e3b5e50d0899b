-- A move is a grant: whoever reaches the new place gains the unit, whoever is denied at the old
-- place is free of it, and what holds throughout a region or an organization reaches another one.

create or replace function authz_private.check_move(
    actor_id bigint, unit authz.org_units, target authz.org_units
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
declare
    gaining int [];
    losing int [];
    permission_ids int [];
    held_key record;
begin
    if unit.parent_id is null
        or not authz_private.may_act(actor_id, 'units', 'update', unit.parent_id, false)
    then
        perform authz_private.refuse_administration('unit_id');
    end if;
    perform authz_private.check_unit_is_not_ones_own(actor_id, unit.path);

    gaining := array(
        select n.id
        from authz.org_units as n
        where n.path operator (ext.@>) target.path and not n.path operator (ext.@>) unit.path
    );
    losing := array(
        select n.id
        from authz.org_units as n
        where n.path operator (ext.@>) unit.path
            and n.id <> unit.id
            and not n.path operator (ext.@>) target.path
    );
    permission_ids := array(
        select g.permission_id
        from authz_private.grants_at(gaining) as g
        union
        select g.permission_id
        from authz_private.grants_at(losing) as g
        where g.effect = 'deny'
        union
        -- Grants beside the place that hold throughout its region or organization.
        select g.permission_id
        from authz_private.grants_at(
            array(
                select s.unit_id
                from authz.org_units as n
                cross join lateral authz_private.subtree(n.path) as s
                where n.id = any(gaining || losing) and n.kind in ('region', 'organization')
            )
        ) as g
        inner join authz.permissions as p
            on g.permission_id = p.id and p.scope in ('region', 'organization')
    );
    perform authz_private.require_to_hold(
        actor_id, permission_ids, unit.path, true, unit.path, null
    );

    permission_ids := array(
        select distinct g.permission_id
        from authz_private.grants_at(
            array(select s.unit_id from authz_private.subtree(unit.path) as s)
        ) as g
        inner join authz.permissions as p
            on g.permission_id = p.id and p.scope in ('region', 'organization')
    );
    -- Here what they come to reach, there what a deny among them no longer does.
    perform authz_private.require_to_hold(
        actor_id, permission_ids, target.path, true, target.path, null
    );
    perform authz_private.require_to_hold(
        actor_id, permission_ids, unit.path, true, unit.path, null
    );

    for held_key in
        select distinct t.permission_key
        from authz.permission_templates as t
        where t.unit_id = any(gaining || losing)
    loop
        perform authz_private.check_template_key(actor_id, held_key.permission_key, unit.path);
    end loop;
end
$$;

comment on function authz_private.check_move(
    bigint, authz.org_units, authz.org_units
) is
    'Refuses with 42501 a move that the acting user may not make: without units:update at both '
    'places, of their own unit, or where somebody would gain a permission they do not hold '
    'throughout the unit.';
revoke all on function authz_private.check_move(
    bigint, authz.org_units, authz.org_units
) from public;
