-- Customers, orders and funds of ordinals first to last of one tenant. Time runs with the
-- ordinals, from 2020 to the end of 2024.

create or replace function pg_temp.seed_instant(ordinal bigint, people bigint, h bigint)
returns timestamptz
language sql immutable security invoker parallel safe
begin atomic
    -- Up to 45 days early, so that the order of time is not that of the ids.
    select to_timestamp(
        1577836800 + abs(157852800 * ordinal / people - (h & 4194303) % 3888000)
    );
end;

create or replace function pg_temp.seed_customers(tenant_no int, first bigint, last bigint)
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
    select * into t from seed_tenants as x where x.no = seed_customers.tenant_no;
    select m.unit_of_slot into unit_of_slot from seed_maps as m where m.tenant_no = t.no;

    insert into finance.customers (
        id, tenant_id, name, manager_id, manager_unit_id, created_at
    )
    select
        x.id,
        t.root_id,
        (array[
            'Acorn', 'Beacon', 'Cedar', 'Delta', 'Ember', 'Falcon', 'Granite', 'Harbour', 'Iris',
            'Juniper', 'Keystone', 'Lantern', 'Meridian', 'Northgate', 'Orchard', 'Pioneer'
        ])[1 + (x.h & 15)] || ' ' || (array[
            'Bakery', 'Builders', 'Foods', 'Freight', 'Holdings', 'Housing', 'Legal', 'Logistics',
            'Media', 'Medical', 'Motors', 'Partners', 'School', 'Studio', 'Trading', 'Works'
        ])[1 + (x.h >> 4 & 15)] || ' ' || x.id,
        p.users + t.before + 1
        + pg_temp.seed_ordinal(x.slot, t.people, t.stride, t.unstride, t.target_slot),
        unit_of_slot[x.slot + 1],
        pg_temp.seed_instant(x.k, t.people, x.h)
    from (
        select
            y.*,
            pg_temp.seed_settle(pg_temp.seed_pick(y.h2, t.people), y.h2) as slot
        from (
            select
                k,
                p.customers + t.before + 1 + k as id,
                hashint8extended(p.customers + t.before + 1 + k, p.random_seed * 16 + 3) as h,
                hashint8extended(p.customers + t.before + 1 + k, p.random_seed * 16 + 4) as h2
            from generate_series(first, last) as k
            offset 0
        ) as y
        offset 0
    ) as x;

    if last = t.people - 1 then
        update seed_maps as m
        set manager_slot_of_customer = (
            select
                array_agg(
                    pg_temp.seed_slot(
                        c.manager_id - p.users - t.before - 1,
                        t.people, t.stride, t.unstride, t.target_slot
                    )::int
                    order by c.id
                )
            from finance.customers as c
            where c.tenant_id = t.root_id
        )
        where m.tenant_no = t.no;
    end if;
end
$$;

create or replace function pg_temp.seed_orders(tenant_no int, first bigint, last bigint)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    p seed_plan;
    t seed_tenants;
    unit_of_slot int [];
    manager_slot_of_customer int [];
begin
    select * into p from seed_plan;
    select * into t from seed_tenants as x where x.no = seed_orders.tenant_no;
    select m.unit_of_slot, m.manager_slot_of_customer
    into unit_of_slot, manager_slot_of_customer
    from seed_maps as m
    where m.tenant_no = t.no;

    insert into finance.orders (
        id, tenant_id, customer_id, handler_id, handler_unit_id, created_at
    )
    select
        x.id,
        t.root_id,
        case when x.h >> 42 & 15 > 0 then p.customers + t.before + 1 + x.customer end,
        p.users + t.before + 1
        + pg_temp.seed_ordinal(x.slot, t.people, t.stride, t.unstride, t.target_slot),
        unit_of_slot[x.slot + 1],
        pg_temp.seed_instant(x.k, t.people, x.h)
    from (
        select
            y.*,
            pg_temp.seed_settle(y.near_slot, y.h) as slot
        from (
            select
                z.*,
                pg_temp.seed_near(
                    manager_slot_of_customer[z.customer + 1], z.h, t.people
                ) as near_slot
            from (
                select
                    k,
                    w.id,
                    w.h,
                    pg_temp.seed_settle(pg_temp.seed_pick(w.h2, k + 1), w.h2) as customer
                from (
                    select
                        k,
                        p.orders + t.before + 1 + k as id,
                        hashint8extended(p.orders + t.before + 1 + k, p.random_seed * 16 + 5) as h,
                        hashint8extended(p.orders + t.before + 1 + k, p.random_seed * 16 + 6) as h2
                    from generate_series(first, last) as k
                    offset 0
                ) as w
                offset 0
            ) as z
            offset 0
        ) as y
        offset 0
    ) as x;

    if last = t.people - 1 then
        update seed_maps as m
        set (handler_slot_of_order, customer_of_order) = (
            select
                array_agg(
                    pg_temp.seed_slot(
                        o.handler_id - p.users - t.before - 1,
                        t.people, t.stride, t.unstride, t.target_slot
                    )::int
                    order by o.id
                ),
                array_agg(
                    coalesce(o.customer_id - p.customers - t.before - 1, -1)::int order by o.id
                )
            from finance.orders as o
            where o.tenant_id = t.root_id
        )
        where m.tenant_no = t.no;
    end if;
end
$$;

create or replace function pg_temp.seed_funds(tenant_no int, first bigint, last bigint)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    p seed_plan;
    t seed_tenants;
    unit_of_slot int [];
    manager_slot_of_customer int [];
    handler_slot_of_order int [];
    customer_of_order int [];
begin
    select * into p from seed_plan;
    select * into t from seed_tenants as x where x.no = seed_funds.tenant_no;
    select
        m.unit_of_slot, m.manager_slot_of_customer, m.handler_slot_of_order, m.customer_of_order
    into unit_of_slot, manager_slot_of_customer, handler_slot_of_order, customer_of_order
    from seed_maps as m
    where m.tenant_no = t.no;

    insert into finance.financial_funds (
        id, tenant_id, handle_by, order_id, customer_id,
        handler_unit_id, order_unit_id, customer_unit_id,
        amount, created_at, currency, status
    )
    select
        x.id,
        t.root_id,
        -- A few lack an owner, some two, none all three.
        case
            when x.lacks not in (0, 1, 2, 9, 10) then
                p.users + t.before + 1
                + pg_temp.seed_ordinal(x.slot, t.people, t.stride, t.unstride, t.target_slot)
        end,
        case when x.lacks not in (3, 4, 5, 9, 11) then p.orders + t.before + 1 + x.order_ end,
        case when x.lacks not in (6, 7, 8, 10, 11) then p.customers + t.before + 1 + x.customer end,
        case when x.lacks not in (0, 1, 2, 9, 10) then unit_of_slot[x.slot + 1] end,
        case
            when x.lacks not in (3, 4, 5, 9, 11) then
                unit_of_slot[handler_slot_of_order[x.order_ + 1] + 1]
        end,
        case
            when x.lacks not in (6, 7, 8, 10, 11) then
                unit_of_slot[manager_slot_of_customer[x.customer + 1] + 1]
        end,
        -- Four dice make a bell, and exp() a long tail: half below 670, one in a thousand above
        -- 20,000.
        (
            exp(
                6.5::float8 + 2.078::float8 * (
                    (
                        (x.h3 & 65535) + (x.h3 >> 16 & 65535)
                        + (x.h3 >> 32 & 65535) + (x.h3 >> 48 & 65535)
                    )::float8 / 65536 - 2
                )
            ) * 100
        )::bigint * 0.01,
        pg_temp.seed_instant(x.k, t.people, x.h),
        case when x.h2 >> 6 & 15 > 0 then t.currency when x.h2 & 1 = 1 then 'EUR' else 'USD' end,
        case
            when x.state < 140 then 'open'
            when x.state < 215 then 'settled'
            when x.state < 240 then 'pending'
            when x.state < 250 then 'cancelled'
            else 'disputed'
        end
    from (
        select
            y.*,
            pg_temp.seed_settle(y.near_slot, y.h) as slot
        from (
            select
                z.*,
                case
                    when z.h2 >> 42 & 15 > 0 and customer_of_order[z.order_ + 1] >= 0
                        then customer_of_order[z.order_ + 1]
                    else pg_temp.seed_settle(pg_temp.seed_pick(z.h2, z.k + 1), z.h2)
                end as customer,
                pg_temp.seed_near(
                    handler_slot_of_order[z.order_ + 1], z.h, t.people
                ) as near_slot
            from (
                select
                    w.*,
                    w.h3 & 63 as lacks,
                    w.h3 >> 6 & 255 as state,
                    pg_temp.seed_settle(
                        greatest(w.k - pg_temp.seed_pick(w.h2, t.people / 50 + 1), 0), w.h2
                    ) as order_
                from (
                    select
                        k,
                        p.funds + t.before + 1 + k as id,
                        hashint8extended(p.funds + t.before + 1 + k, p.random_seed * 16 + 7) as h,
                        hashint8extended(p.funds + t.before + 1 + k, p.random_seed * 16 + 8) as h2,
                        hashint8extended(p.funds + t.before + 1 + k, p.random_seed * 16 + 9) as h3
                    from generate_series(first, last) as k
                    offset 0
                ) as w
                offset 0
            ) as z
            offset 0
        ) as y
        offset 0
    ) as x;
end
$$;
