-- Who works where, and who leads what: the first of a unit's own people leads it.

-- Slots are counted across tenants here, as ids are.
create temporary table seed_people (
    slot bigint not null,
    user_id bigint not null,
    unit_id int not null,
    parent_unit_id int not null,
    leads boolean not null
) on commit drop;

create function pg_temp.seed_place_people()
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    -- About a thousand people to lead, or as near to it as there are.
    update seed_tenants as t
    set target_unit_id = u.id,
        target_slot = greatest(u.slot, 1)
    from (
        select distinct on (n.tenant_no)
            n.tenant_no,
            n.id,
            n.slot
        from seed_units as n
        where n.own_people > 0 and n.is_active
        order by
            n.tenant_no,
            greatest(n.people, 1001) * 1000 / least(n.people, 1001),
            n.id
    ) as u
    where t.no = u.tenant_no and t.people > 1;

    insert into seed_people (slot, user_id, unit_id, parent_unit_id, leads)
    select
        t.before + s,
        p.users + t.before + 1 + case s
            when t.target_slot then 1
            when t.unstride then t.stride * t.target_slot % t.people
            else t.stride * s % t.people
        end,
        u.id,
        coalesce(u.parent_id, u.id),
        s = u.slot
    from seed_plan as p
    cross join seed_tenants as t
    inner join seed_units as u on t.no = u.tenant_no
    cross join lateral generate_series(u.slot, u.slot + u.own_people - 1) as s;
    analyze seed_people;
end
$$;

-- The way back from an ordinal to the slot.
create function pg_temp.seed_slot(
    ordinal bigint, people bigint, stride bigint, unstride bigint, target_slot bigint
)
returns bigint
language sql immutable security invoker parallel safe
begin atomic
    select case ordinal
        when 1 then coalesce(target_slot, 0)
        when stride * target_slot % people then unstride
        else unstride * ordinal % people
    end;
end;

create function pg_temp.seed_org_units()
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
    insert into authz.org_units (
        id, tenant_id, parent_id, code, name, kind, path, level, sort_order, is_active,
        created_at, updated_at
    )
    select
        u.id,
        t.root_id,
        u.parent_id,
        u.code,
        initcap(replace(u.code, '_', ' ')),
        (array['organization', 'state', 'region', 'city', 'suburb', 'office', 'team'])[u.level],
        u.path::ltree,
        u.level,
        u.ordinal,
        u.is_active,
        to_timestamp(1546300800),
        to_timestamp(1546300800)
    from seed_units as u
    inner join seed_tenants as t on u.tenant_no = t.no
    order by u.id;

    insert into authz.tenants (id)
    select t.root_id
    from seed_tenants as t
    order by t.root_id;
$$;

-- The functions below make the rows of ordinals first to last of one tenant.

create function pg_temp.seed_users(tenant_no int, first bigint, last bigint)
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
    insert into authz.users (id, tenant_id, username, base_unit_id, is_active, created_at)
    select
        x.user_id,
        x.root_id,
        (array[
            'ada', 'aiko', 'amir', 'anna', 'ben', 'carla', 'chen', 'dina', 'elif', 'emil', 'fatima',
            'felix', 'grace', 'hana', 'igor', 'ines', 'ivan', 'jack', 'kofi', 'lena', 'liam',
            'maria', 'mei', 'noah', 'nora', 'omar', 'priya', 'rosa', 'sami', 'tom', 'yara', 'zoe'
        ])[1 + (x.h & 31)] || '.' || (array[
            'abbott', 'becker', 'castro', 'dubois', 'evans', 'fischer', 'garcia', 'hansen', 'ito',
            'jones', 'khan', 'larsen', 'mensah', 'novak', 'okafor', 'patel', 'quinn', 'rossi',
            'silva', 'tanaka', 'usman', 'vogel', 'wang', 'xu', 'young', 'zhang', 'ali', 'brown',
            'costa', 'diaz', 'moreau', 'smith'
        ])[1 + (x.h >> 5 & 31)] || '.' || x.user_id,
        x.unit_id,
        x.leads or x.h >> 16 & 127 > 0,
        to_timestamp(1546300800 + (x.h >> 24 & 134217727))
    from (
        select
            s.user_id,
            s.unit_id,
            s.leads,
            t.root_id,
            hashint8extended(s.user_id, p.random_seed * 16) as h
        from seed_plan as p
        inner join seed_tenants as t on t.no = seed_users.tenant_no
        inner join seed_people as s
            on s.user_id between p.users + t.before + 1 + first and p.users + t.before + 1 + last
        order by s.user_id
        offset 0
    ) as x;
$$;

create function pg_temp.seed_memberships(tenant_no int, first bigint, last bigint)
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
    insert into authz.memberships (id, tenant_id, user_id, unit_id, valid_from, valid_until)
    select
        x.id,
        x.root_id,
        m.user_id,
        case when n.unit_id = m.unit_id then m.parent_unit_id else n.unit_id end,
        case x.k % 20
            when 7 then to_timestamp(1546300800)
            when 12 then to_timestamp(4102444800)
            when 13 then to_timestamp(1640995200)
        end,
        case x.k % 20
            when 7 then to_timestamp(1640995200)
            when 17 then to_timestamp(4102444800)
        end
    from (
        select
            y.*,
            pg_temp.seed_near(y.slot, y.h, y.people) as near_slot
        from (
            select
                k,
                p.memberships + t.before + 1 + k as id,
                t.root_id,
                t.before,
                t.people,
                hashint8extended(p.memberships + t.before + 1 + k, p.random_seed * 16 + 1) as h,
                pg_temp.seed_pick(
                    hashint8extended(p.memberships + t.before + 1 + k, p.random_seed * 16 + 2),
                    t.people
                ) as slot
            from seed_plan as p
            inner join seed_tenants as t on t.no = seed_memberships.tenant_no
            cross join lateral generate_series(first, last) as k
            offset 0
        ) as y
        offset 0
    ) as x
    inner join seed_people as m on m.slot = x.before + x.slot
    inner join seed_people as n on n.slot = x.before + x.near_slot
    order by x.id;
$$;
