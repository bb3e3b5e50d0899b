-- Staff everywhere, a supervisor for every unit with people below or beside its leader, one admin
-- per tenant; and now and then a grant whose window is to come, or open at one end. None is over:
-- those are removed after a month.

create or replace function pg_temp.seed_staff(tenant_no int, first bigint, last bigint)
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
    insert into authz.user_roles (id, tenant_id, user_id, role_id)
    select
        p.grants + t.before + 1 + k,
        t.root_id,
        p.users + t.before + 1 + k,
        r.id
    from seed_plan as p
    inner join seed_tenants as t on t.no = seed_staff.tenant_no
    inner join authz.roles as r on r.code = 'staff' and r.tenant_id is null
    cross join lateral generate_series(first, last) as k;
$$;

create or replace function pg_temp.seed_leaders()
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
    insert into authz.user_roles (
        id, tenant_id, user_id, role_id, unit_id, inherit_to_descendants, valid_from, valid_until
    )
    select
        p.grants + p.records + row_number() over (order by g.rank, g.unit_id, g.user_id),
        g.root_id,
        g.user_id,
        r.id,
        g.unit_id,
        g.inherits,
        to_timestamp(g.valid_from),
        to_timestamp(g.valid_until)
    from seed_plan as p
    cross join lateral (
        select
            case u.level when 1 then 1 else 2 end as rank,
            case u.level when 1 then 'admin' else 'supervisor' end as role,
            t.root_id,
            p.users + t.before + 1
            + pg_temp.seed_ordinal(u.slot, t.people, t.stride, t.unstride, t.target_slot)
            as user_id,
            u.id as unit_id,
            true as inherits,
            null::bigint as valid_from,
            null::bigint as valid_until
        from seed_units as u
        inner join seed_tenants as t on u.tenant_no = t.no
        where u.own_people > 0 and (u.level = 1 or u.people > 1)
        union all
        -- Where the best target is the root, which its admin leads already.
        select 3, 'supervisor', t.root_id, p.users + t.before + 2, t.target_unit_id, true, null, null
        from seed_tenants as t
        inner join seed_units as u on t.target_unit_id = u.id and t.target_slot <> u.slot
        union all
        select
            4,
            'supervisor',
            t.root_id,
            p.users + t.before + 1
            + pg_temp.seed_ordinal(s, t.people, t.stride, t.unstride, t.target_slot),
            coalesce(u.parent_id, u.id),
            s / 100 % 4 <> 2,
            (array[4102444800, 4133980800, 1640995200, null])[1 + s / 100 % 4],
            (array[4133980800, null, null, 4102444800])[1 + s / 100 % 4]
        from seed_tenants as t
        inner join seed_units as u on t.no = u.tenant_no
        cross join lateral generate_series(u.slot, u.slot + u.own_people - 1) as s
        where s % 100 = 37 and s <> t.target_slot
        union all
        -- Roles that only templates ask for.
        select
            5,
            c.role,
            t.root_id,
            p.users + t.before + 1
            + pg_temp.seed_ordinal(s, t.people, t.stride, t.unstride, t.target_slot),
            u.id,
            true,
            null,
            null
        from seed_tenants as t
        inner join seed_units as u on t.no = u.tenant_no
        cross join lateral generate_series(u.slot, u.slot + u.own_people - 1) as s
        inner join (
            values (1, 'board_member'), (11, 'committee_lead'), (12, 'volunteer')
        ) as c (place, role) on s % 100 = c.place
    ) as g
    inner join authz.roles as r on g.role = r.code and r.tenant_id is null;
$$;
