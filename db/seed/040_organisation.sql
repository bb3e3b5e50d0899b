-- The tree of every tenant, from the top: a unit hands the units and the people it is given down
-- to its children in uneven shares, so that subtrees of every size occur.

create temporary table seed_units (
    id int primary key,
    tenant_no int not null,
    parent_id int,
    level int not null,
    ordinal int not null,
    code text not null,
    path text not null,
    -- Of the subtree, itself included.
    units int not null,
    people bigint not null,
    -- First slot of the subtree; its own people come first.
    slot bigint not null,
    own_people bigint not null,
    is_active boolean not null
) on commit drop;

create or replace function pg_temp.seed_code(level int, ordinal int, turn bigint)
returns text
language sql immutable security invoker parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select case
        when level = 6 then 'office_' || ordinal
        else w.words[1 + ((ordinal - 1 + turn) % cardinality(w.words))::int] || case
            when ordinal > cardinality(w.words) then '_' || ordinal else ''
        end
    end
    from (
        select case level
            when 2 then array[
                'northern', 'southern', 'eastern', 'western', 'central', 'coastal', 'highland',
                'island'
            ]
            when 3 then array[
                'river', 'lake', 'valley', 'forest', 'hills', 'bay', 'plains', 'delta', 'desert',
                'harbour', 'gulf', 'range'
            ]
            when 4 then array[
                'ashford', 'brookton', 'carlow', 'dunmore', 'elmwood', 'fairview', 'glenrock',
                'hartley', 'kingsport', 'lindfield', 'marlow', 'newbury', 'oakdale', 'preston',
                'redcliff', 'stanhope', 'thornbury', 'westbrook'
            ]
            when 5 then array[
                'old_town', 'riverside', 'parkside', 'hillside', 'lakeside', 'station', 'market',
                'docks', 'university', 'garden', 'airport', 'mill'
            ]
            else array[
                'lending', 'payments', 'treasury', 'claims', 'advisory', 'collections', 'grants',
                'pensions', 'support', 'audit'
            ]
        end as words
    ) as w;
$$;

create or replace function pg_temp.seed_grow_units()
returns bigint
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    plan seed_plan;
    depth constant int := 7;
begin
    select * into plan from seed_plan;
    insert into seed_units
    select
        plan.units + row_number() over (order by t.no),
        t.no,
        null,
        1,
        t.no,
        t.code,
        t.code,
        t.units,
        t.people,
        0,
        least(t.people, 3),
        true
    from seed_tenants as t;

    for above in 1 .. depth - 1 loop
        insert into seed_units
        with parents as (
            select
                p.*,
                p.units - 1 as below,
                p.people - p.own_people as rest,
                case above
                    when depth - 1 then p.units - 1
                    else (
                        -- The narrowest tree that has room for them all.
                        select min(f)
                        from generate_series(1, 100) as f
                        where power(f::numeric, depth - above) >= p.units - 1
                    )
                end as fanout
            from seed_units as p
            where p.level = above and p.units > 1
        ),

        ranked as (
            select
                p.*,
                k,
                row_number() over (
                    partition by p.id
                    order by hashint8extended(p.id::bigint * 128 + k, plan.random_seed), k
                )::int as rank
            from parents as p
            cross join lateral generate_series(1, p.fanout) as k
        ),

        -- The largest child gets at least a chain down to the last level ...
        firsts as (
            select
                r.*,
                case r.rank when 1 then 0 else 100000 / (10 * r.rank + 30) end as unit_weight,
                least(
                    r.below,
                    greatest(
                        r.below * (100000 / 40)
                        / sum(100000 / (10 * r.rank + 30)) over (partition by r.id),
                        depth - above
                    )
                )::int as first_units
            from ranked as r
        ),

        -- ... and the others share what it leaves.
        counted as (
            select
                f.*,
                case
                    when above = depth - 1 then 1
                    when f.rank = 1 then f.first_units
                    else
                        (f.below - f.first_units) * f.unit_upto / f.unit_weights
                        - (f.below - f.first_units) * (f.unit_upto - f.unit_weight) / f.unit_weights
                end::int as child_units
            from (
                select
                    x.*,
                    sum(x.unit_weight) over (partition by x.id order by x.rank) as unit_upto,
                    sum(x.unit_weight) over (partition by x.id) as unit_weights
                from firsts as x
            ) as f
        ),

        kept as (
            select
                c.*,
                row_number() over (partition by c.id order by c.k) as ordinal_among,
                100000 / (
                    case above when depth - 1 then 10 * c.rank * c.rank else 10 * c.rank + 7 end
                ) as people_weight
            from counted as c
            where c.child_units > 0
        ),

        placed as (
            select
                x.*,
                x.rest * (x.people_upto - x.people_weight) / x.people_weights as before,
                x.rest * x.people_upto / x.people_weights as after
            from (
                select
                    y.*,
                    sum(y.people_weight) over (partition by y.id order by y.k) as people_upto,
                    sum(y.people_weight) over (partition by y.id) as people_weights
                from kept as y
            ) as x
        ),

        named as (
            select
                x.*,
                pg_temp.seed_code(
                    above + 1,
                    x.ordinal_among::int,
                    hashint8extended(x.id, plan.random_seed) & 65535
                ) as child_code,
                hashint8extended(x.id::bigint * 128 + x.k, plan.random_seed + 1) as child_hash
            from placed as x
        )

        select
            (select max(u.id) from seed_units as u)
            + row_number() over (order by n.id, n.ordinal_among),
            n.tenant_no,
            n.id,
            above + 1,
            n.ordinal_among,
            n.child_code,
            n.path || '.' || n.child_code,
            n.child_units,
            n.after - n.before,
            n.slot + n.own_people + n.before,
            case
                when n.child_units = 1 then n.after - n.before
                else least(n.after - n.before, greatest(1, least(12, (n.after - n.before) / 50)))
            end,
            -- A closed team now and then.
            above < depth - 1 or n.child_hash & 127 > 0
        from named as n;
    end loop;
    return (select count(*) from seed_units);
end
$$;
