-- Who works where, and who leads what: the first of a unit's own people leads it.

-- Per tenant, what the ordinal or slot at the subscript (from 1) belongs to. An array is read in
-- constant time where a join would build a hash table of all people again for every chunk.
create temporary table seed_maps (
    tenant_no int primary key,
    unit_of_slot int [] not null,
    manager_slot_of_customer int [],
    handler_slot_of_order int [],
    -- -1: none. A null would make every access count from the front.
    customer_of_order int []
) on commit drop;

alter table seed_maps alter column unit_of_slot set storage external;
alter table seed_maps alter column manager_slot_of_customer set storage external;
alter table seed_maps alter column handler_slot_of_order set storage external;
alter table seed_maps alter column customer_of_order set storage external;

create or replace function pg_temp.seed_place_people()
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
    -- About a thousand people to lead, or as near to it as there are.
    update seed_tenants as t
    set target_unit_id = u.id,
        target_slot = least(greatest(u.slot, 1), t.people - 1)
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
    where t.no = u.tenant_no;

    insert into seed_maps (tenant_no, unit_of_slot)
    select
        u.tenant_no,
        array_agg(u.id order by s)
    from seed_units as u
    cross join lateral generate_series(u.slot, u.slot + u.own_people - 1) as s
    group by u.tenant_no;
$$;

-- From a slot to the ordinal of the person in it, and back.
create or replace function pg_temp.seed_ordinal(
    slot bigint, people bigint, stride bigint, unstride bigint, target_slot bigint
)
returns bigint
language sql immutable security invoker parallel safe
begin atomic
    select case slot
        when target_slot then 1 % people
        when unstride then stride * target_slot % people
        else stride * slot % people
    end;
end;

create or replace function pg_temp.seed_slot(
    ordinal bigint, people bigint, stride bigint, unstride bigint, target_slot bigint
)
returns bigint
language sql immutable security invoker parallel safe
begin atomic
    select case ordinal
        when 1 % people then target_slot
        when stride * target_slot % people then unstride
        else unstride * ordinal % people
    end;
end;

create or replace function pg_temp.seed_org_units()
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

create or replace function pg_temp.seed_users(tenant_no int, first bigint, last bigint)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    p seed_plan;
    t seed_tenants;
    unit_of_slot int [];
begin
    select * into p from seed_plan;
    select * into t from seed_tenants as x where x.no = seed_users.tenant_no;
    select m.unit_of_slot into unit_of_slot from seed_maps as m where m.tenant_no = t.no;

    insert into authz.users (id, tenant_id, username, base_unit_id, is_active, created_at)
    select
        x.id,
        t.root_id,
        (array[
            'ada', 'aiko', 'amir', 'anna', 'ben', 'carla', 'chen', 'dina', 'elif', 'emil', 'fatima',
            'felix', 'grace', 'hana', 'igor', 'ines', 'ivan', 'jack', 'kofi', 'lena', 'liam',
            'maria', 'mei', 'noah', 'nora', 'omar', 'priya', 'rosa', 'sami', 'tom', 'yara', 'zoe'
        ])[1 + (x.h & 31)] || '.' || (array[
            'abbott', 'becker', 'castro', 'dubois', 'evans', 'fischer', 'garcia', 'hansen', 'ito',
            'jones', 'khan', 'larsen', 'mensah', 'novak', 'okafor', 'patel', 'quinn', 'rossi',
            'silva', 'tanaka', 'usman', 'vogel', 'wang', 'xu', 'young', 'zhang', 'ali', 'brown',
            'costa', 'diaz', 'moreau', 'smith'
        ])[1 + (x.h >> 5 & 31)] || '.' || x.id,
        unit_of_slot[x.slot + 1],
        x.h >> 16 & 127 > 0
        or exists (
            select from seed_units as u where u.tenant_no = t.no and u.slot = x.slot
        ),
        to_timestamp(1546300800 + (x.h >> 24 & 134217727))
    from (
        select
            p.users + t.before + 1 + k as id,
            pg_temp.seed_slot(k, t.people, t.stride, t.unstride, t.target_slot) as slot,
            hashint8extended(p.users + t.before + 1 + k, p.random_seed * 16) as h
        from generate_series(first, last) as k
        offset 0
    ) as x;
end
$$;

create or replace function pg_temp.seed_memberships(tenant_no int, first bigint, last bigint)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    p seed_plan;
    t seed_tenants;
    unit_of_slot int [];
begin
    select * into p from seed_plan;
    select * into t from seed_tenants as x where x.no = seed_memberships.tenant_no;
    select m.unit_of_slot into unit_of_slot from seed_maps as m where m.tenant_no = t.no;

    -- Four rows at a time: mostly one for each of four people; now and then two for the first, at
    -- different units; or four, at any units, one after the other.
    insert into authz.memberships (id, tenant_id, user_id, unit_id, valid_from, valid_until)
    select
        p.memberships + t.before + 1 + x.k,
        t.root_id,
        p.users + t.before + 1 + x.user_ordinal,
        case
            when x.is_second and x.unit_id = x.unit_before
                then case when x.unit_before <> t.root_id then t.root_id else x.base_id end
            else x.unit_id
        end,
        case when x.is_turn then to_timestamp((
            array[null, 4102444800, 4133980800, 4165516800]
        )[1 + x.k % 4]) end,
        case when x.is_turn then to_timestamp((
            array[4102444800, 4133980800, 4165516800, null]
        )[1 + x.k % 4]) end
    from (
        select
            y.k,
            y.is_turn,
            b.id as base_id,
            -- The leader of a tree has no second unit that is sure to differ.
            y.is_second and b.parent_id is not null as is_second,
            pg_temp.seed_ordinal(
                case when y.is_second and b.parent_id is null then y.own_slot else y.slot end,
                t.people, t.stride, t.unstride, t.target_slot
            ) as user_ordinal,
            n.unit_id,
            lag(n.unit_id) over (order by y.k) as unit_before
        from (
            select
                k,
                t.stride * k % t.people as own_slot,
                z.pattern = 0 as is_turn,
                z.pattern between 1 and 12 and k % 4 = 1 as is_second,
                t.stride * case
                    when z.pattern = 0 then k - k % 4
                    when z.pattern between 1 and 12 and k % 4 = 1 then k - 1
                    else k
                end % t.people as slot,
                hashint8extended(p.memberships + t.before + 1 + k, p.random_seed * 16 + 1) as h
            from generate_series(first, last) as k
            cross join lateral (
                select
                    hashint8extended(
                        p.memberships + t.before + 1 + k - k % 4, p.random_seed * 16 + 2
                    ) & 63 as pattern
            ) as z
            offset 0
        ) as y
        inner join seed_units as b on unit_of_slot[y.slot + 1] = b.id
        cross join lateral (
            select unit_of_slot[pg_temp.seed_near(y.slot, y.h, t.people) + 1] as other_id
            offset 0
        ) as o
        cross join lateral (
            select
                case when o.other_id <> b.id then o.other_id else coalesce(b.parent_id, b.id) end
                as unit_id
            offset 0
        ) as n
    ) as x
    order by x.k;
end
$$;
