-- Customers, orders and funds of ordinals first to last of one tenant. Time runs with the
-- ordinals, from 2020 to the end of 2024.

create function pg_temp.seed_instant(ordinal bigint, people bigint, h bigint)
returns timestamptz
language sql immutable security invoker parallel safe
begin atomic
    -- Up to 45 days early, or the last records of one hour would all be the newest.
    select to_timestamp(
        1577836800 + greatest(157852800 * ordinal / people - (h & 4194303) % 3888000, 0)
    );
end;

create function pg_temp.seed_customers(tenant_no int, first bigint, last bigint)
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
    insert into finance.customers (
        id, tenant_id, name, manager_id, manager_unit_id, created_at
    )
    select
        x.id,
        x.root_id,
        (array[
            'Acorn', 'Beacon', 'Cedar', 'Delta', 'Ember', 'Falcon', 'Granite', 'Harbour', 'Iris',
            'Juniper', 'Keystone', 'Lantern', 'Meridian', 'Northgate', 'Orchard', 'Pioneer'
        ])[1 + (x.h & 15)] || ' ' || (array[
            'Bakery', 'Builders', 'Foods', 'Freight', 'Holdings', 'Housing', 'Legal', 'Logistics',
            'Media', 'Medical', 'Motors', 'Partners', 'School', 'Studio', 'Trading', 'Works'
        ])[1 + (x.h >> 4 & 15)] || ' ' || x.id,
        m.user_id,
        m.unit_id,
        pg_temp.seed_instant(x.k, x.people, x.h)
    from (
        select
            k,
            p.customers + t.before + 1 + k as id,
            t.root_id,
            t.before,
            t.people,
            hashint8extended(p.customers + t.before + 1 + k, p.random_seed * 16 + 3) as h,
            hashint8extended(p.customers + t.before + 1 + k, p.random_seed * 16 + 4) as h2
        from seed_plan as p
        inner join seed_tenants as t on t.no = seed_customers.tenant_no
        cross join lateral generate_series(first, last) as k
        offset 0
    ) as x
    inner join seed_people as m
        on m.slot = x.before + pg_temp.seed_settle(pg_temp.seed_pick(x.h2, x.people), x.h2)
    order by x.id;
$$;

create function pg_temp.seed_orders(tenant_no int, first bigint, last bigint)
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
    insert into finance.orders (
        id, tenant_id, customer_id, handler_id, handler_unit_id, created_at
    )
    select
        x.id,
        x.root_id,
        case when x.h & 31 > 0 then x.customer_id end,
        u.user_id,
        u.unit_id,
        pg_temp.seed_instant(x.k, x.people, x.h)
    from (
        select
            y.*,
            pg_temp.seed_near(
                pg_temp.seed_slot(
                    c.manager_id - y.users - 1,
                    y.people, y.stride, y.unstride, y.target_slot
                ),
                y.h,
                y.people
            ) as near_slot
        from (
            select
                z.*,
                z.customers
                + pg_temp.seed_settle(pg_temp.seed_pick(z.h2, z.k + 1), z.h2) as customer_id
            from (
                select
                    k,
                    p.orders + t.before + 1 + k as id,
                    p.customers + t.before + 1 as customers,
                    p.users + t.before as users,
                    t.*,
                    hashint8extended(p.orders + t.before + 1 + k, p.random_seed * 16 + 5) as h,
                    hashint8extended(p.orders + t.before + 1 + k, p.random_seed * 16 + 6) as h2
                from seed_plan as p
                inner join seed_tenants as t on t.no = seed_orders.tenant_no
                cross join lateral generate_series(first, last) as k
                offset 0
            ) as z
            offset 0
        ) as y
        inner join finance.customers as c on y.customer_id = c.id
        offset 0
    ) as x
    inner join seed_people as u on u.slot = x.before + pg_temp.seed_settle(x.near_slot, x.h)
    order by x.id;
$$;

create function pg_temp.seed_funds(tenant_no int, first bigint, last bigint)
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
    insert into finance.financial_funds (
        id, tenant_id, handle_by, order_id, customer_id,
        handler_unit_id, order_unit_id, customer_unit_id,
        amount, created_at, currency, status
    )
    select
        x.id,
        x.root_id,
        case when x.lacks not in (0, 1, 2, 9, 10) then u.user_id end,
        case when x.lacks not in (3, 4, 5, 9, 11) then x.order_id end,
        case when x.lacks not in (6, 7, 8, 10, 11) then c.id end,
        case when x.lacks not in (0, 1, 2, 9, 10) then u.unit_id end,
        case when x.lacks not in (3, 4, 5, 9, 11) then x.order_unit_id end,
        case when x.lacks not in (6, 7, 8, 10, 11) then c.manager_unit_id end,
        -- Four dice make a bell, and exp() a long tail: half below 660, one in a thousand above
        -- 25,000.
        (
            exp(
                6.5 + 1.2 * sqrt(3.0::float8) * (
                    (
                        (x.h3 & 65535) + (x.h3 >> 16 & 65535)
                        + (x.h3 >> 32 & 65535) + (x.h3 >> 48 & 65535)
                    ) / 65536.0::float8 - 2
                )
            ) * 100
        )::bigint * 0.01,
        pg_temp.seed_instant(x.k, x.people, x.h),
        case when x.h2 >> 6 & 15 > 0 then x.currency when x.h2 & 1 = 1 then 'EUR' else 'USD' end,
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
            o.handler_unit_id as order_unit_id,
            coalesce(
                case when y.h2 >> 10 & 15 > 0 then o.customer_id end,
                y.customers + pg_temp.seed_settle(pg_temp.seed_pick(y.h2, y.k + 1), y.h2)
            ) as any_customer_id,
            pg_temp.seed_near(
                pg_temp.seed_slot(
                    o.handler_id - y.users - 1,
                    y.people, y.stride, y.unstride, y.target_slot
                ),
                y.h,
                y.people
            ) as near_slot
        from (
            select
                z.*,
                z.h3 & 63 as lacks,
                z.h3 >> 6 & 255 as state,
                z.orders + pg_temp.seed_settle(
                    greatest(z.k - pg_temp.seed_pick(z.h2, z.people / 50 + 1), 0), z.h2
                ) as order_id
            from (
                select
                    k,
                    p.funds + t.before + 1 + k as id,
                    p.customers + t.before + 1 as customers,
                    p.orders + t.before + 1 as orders,
                    p.users + t.before as users,
                    t.*,
                    hashint8extended(p.funds + t.before + 1 + k, p.random_seed * 16 + 7) as h,
                    hashint8extended(p.funds + t.before + 1 + k, p.random_seed * 16 + 8) as h2,
                    hashint8extended(p.funds + t.before + 1 + k, p.random_seed * 16 + 9) as h3
                from seed_plan as p
                inner join seed_tenants as t on t.no = seed_funds.tenant_no
                cross join lateral generate_series(first, last) as k
                offset 0
            ) as z
            offset 0
        ) as y
        inner join finance.orders as o on y.order_id = o.id
        offset 0
    ) as x
    inner join finance.customers as c on x.any_customer_id = c.id
    inner join seed_people as u on u.slot = x.before + pg_temp.seed_settle(x.near_slot, x.h)
    order by x.id;
$$;
