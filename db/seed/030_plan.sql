-- How much of everything, for which tenants. All choices below are hashes of ids and the random
-- seed, in integers, so that a seed gives the same rows on any version and under any plan.

create temporary table seed_tenants (
    no int primary key,
    root_id int not null,
    code text not null,
    currency text not null,
    -- Ordinals before the first of this tenant, and how many there are: of people, customers,
    -- orders, funds and memberships alike.
    before bigint not null,
    people bigint not null,
    units int not null,
    -- Slots number the people in the order of the tree, ordinals in the order of their ids. The
    -- person in slot s has the ordinal stride * s mod people, and back by unstride: neighbours in
    -- the tree are strangers by id, and no page is cheap only because its rows lie together.
    stride bigint not null,
    unstride bigint not null,
    -- The exception: ordinal 1 (user 2 of an empty database) leads target_unit_id, from this slot.
    target_unit_id int,
    target_slot bigint
) on commit drop;

create or replace function pg_temp.seed_plan(
    records bigint, random_seed bigint, append boolean, reset boolean
)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    held bigint;
    unvacuumed boolean;
begin
    if records is null or records not between 1 and 100000000 then
        raise exception 'records: % is not a number from 1 to 100000000', records
            using errcode = '22023';
    end if;
    if append and reset then
        raise exception 'append and reset exclude each other'
            using errcode = '22023', hint = 'Choose one of --append and --reset.';
    end if;
    -- Two seeds at once: the second waits here, and then finds the database filled.
    lock table
        authz.org_units, authz.tenants, authz.users, authz.memberships, authz.user_roles,
        authz.permission_templates, finance.customers, finance.orders, finance.financial_funds
    in share row exclusive mode;

    if not append and not reset and (
        exists (select from authz.org_units)
        or exists (select from authz.users)
        or exists (select from finance.financial_funds)
    )
    then
        select coalesce(bool_or(c.reltuples < 0), false)
        into unvacuumed
        from pg_class as c
        where c.oid in (select t.name from seed_tables as t)
            and pg_relation_size(c.oid) > 0;
        raise exception 'the database already holds data'
            using
                errcode = '55000',
                hint = 'Use --append to add as much again under new tenants, or --reset to delete '
                || 'everything first.' || case
                    when unvacuumed then
                        ' The data is complete, but was never vacuumed, which pages need to be '
                        'fast: run "vacuumdb --analyze" on the database.'
                    else ''
                end;
    end if;

    perform pg_temp.seed_find_objects();
    select coalesce(max(f.id), 0) into held from finance.financial_funds as f;
    insert into seed_plan (records, random_seed, sets_aside)
    -- Rebuilding an index over all rows costs less than keeping it up to date for the new ones,
    -- unless there are far more old than new.
    values (seed_plan.records, seed_plan.random_seed, not append or held < 3 * seed_plan.records);

    perform pg_temp.seed_set_aside(array['trigger']);
    if (select p.sets_aside from seed_plan as p) then
        perform pg_temp.seed_set_aside(
            array['foreign key', 'primary key', 'unique key', 'exclusion', 'index']
        );
    end if;
    if not append then
        truncate
            finance.financial_funds, finance.orders, finance.customers,
            authz.permission_templates, authz.user_roles, authz.memberships, authz.users,
            authz.tenants, authz.org_units
        restart identity;
        delete from authz.roles as r where r.tenant_id is not null;
    end if;

    update seed_plan as p
    set units = coalesce((select max(x.id) from authz.org_units as x), 0),
        users = coalesce((select max(x.id) from authz.users as x), 0),
        memberships = coalesce((select max(x.id) from authz.memberships as x), 0),
        grants = coalesce((select max(x.id) from authz.user_roles as x), 0),
        templates = coalesce((select max(x.id) from authz.permission_templates as x), 0),
        customers = coalesce((select max(x.id) from finance.customers as x), 0),
        orders = coalesce((select max(x.id) from finance.orders as x), 0),
        funds = coalesce((select max(x.id) from finance.financial_funds as x), 0);
    perform pg_temp.seed_share_out();
    perform pg_temp.seed_grow_units();
    perform pg_temp.seed_place_people();
    perform pg_temp.seed_list_steps();
end
$$;

create or replace function pg_temp.seed_share_out()
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
    with shares (no, name, currency, percent) as (
        values
        (1, 'australia', 'AUD', 60),
        (2, 'united_states', 'USD', 20),
        (3, 'germany', 'EUR', 10),
        (4, 'ireland', 'EUR', 5),
        (5, 'portugal', 'EUR', 3),
        (6, 'guam', 'USD', 2)
    ),

    cumulated as (
        select
            s.*,
            least(p.records / 100, 100000) as all_units,
            (p.records * sum(s.percent) over w + 50) / 100 as upto,
            (p.records * (sum(s.percent) over w - s.percent) + 50) / 100 as before
        from seed_plan as p
        cross join shares as s
        window w as (order by s.no)
    ),

    sized as (
        select
            c.no,
            c.name,
            c.currency,
            floor(c.before)::bigint as before,
            floor(c.upto)::bigint - floor(c.before)::bigint as people,
            greatest(
                (c.all_units * c.percent / 100)::int, case c.no when 1 then 9 else 3 end
            ) as units
        from cumulated as c
    )

    insert into seed_tenants (
        no, root_id, code, currency, before, people, units, stride, unstride
    )
    select
        s.no,
        p.units + row_number() over (order by s.no),
        s.name || coalesce('_' || (
            select count(*) + 1
            from authz.org_units as u
            where u.parent_id is null and u.code ~ ('^' || s.name || '(_[0-9]+)?$')
            having count(*) > 0
        ), ''),
        s.currency,
        s.before,
        s.people,
        s.units,
        m.stride,
        (
            select x
            from generate_series(0, s.people - 1) as x
            where m.stride * x % s.people = 1 % s.people
        )
    from sized as s
    cross join seed_plan as p
    cross join lateral (
        select min(x) as stride
        from generate_series(s.people * 618 / 1000 + 1, s.people * 618 / 1000 + 1000) as x
        where gcd(x, s.people) = 1
    ) as m
    where s.people > 0;
$$;
