-- The list of what remains to be done, in order, for the runner to work off and to show: the
-- phases rows and keys in the transaction, vacuum after it, where pages get their visibility map.

create or replace function pg_temp.seed_restart_ids()
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
    identity record;
    highest bigint;
begin
    for identity in
        select t.name, a.attname, d.objid as sequence
        from seed_tables as t
        inner join pg_attribute as a on t.name = a.attrelid and a.attidentity <> ''
        inner join pg_depend as d
            on a.attrelid = d.refobjid
            and a.attnum = d.refobjsubid
            and d.refclassid = 'pg_class'::regclass
            and d.classid = 'pg_class'::regclass
            and d.deptype = 'i'
    loop
        execute format('select max(%I) from %s', identity.attname, identity.name) into highest;
        -- RESTART is undone with the transaction, setval() is not.
        execute format(
            'alter table %s alter column %I restart with %s',
            identity.name,
            identity.attname,
            greatest(highest, pg_sequence_last_value(identity.sequence), 0) + 1
        );
    end loop;
end
$$;

create or replace function pg_temp.seed_list_steps()
returns void
language sql volatile security invoker parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
    insert into seed_steps (phase, title, command, row_count)
    select
        c.phase,
        c.title,
        c.command,
        c.row_count
    from (
        select
            1 as stage,
            0 as part,
            'rows' as phase,
            'units' as title,
            'select pg_temp.seed_org_units()' as command,
            (select count(*) from seed_units) as row_count
        union all
        select 1, 1, 'rows', 'menu', 'select pg_temp.seed_menu()', 0
        union all
        select 1, 2, 'rows', 'templates', 'select pg_temp.seed_templates()', (
            select count(*) * 28 from seed_tenants
        )
        union all
        select
            w.stage,
            row_number() over (order by w.stage, t.no, f),
            'rows',
            w.title,
            format(
                'select pg_temp.%I(%s, %s, %s)',
                w.maker, t.no, f, least(f + 249999, t.people - 1)
            ),
            least(250000, t.people - f)
        from (
            values
            (2, 'users', 'seed_users'),
            (3, 'memberships', 'seed_memberships'),
            (4, 'grants', 'seed_staff'),
            (6, 'customers', 'seed_customers'),
            (8, 'orders', 'seed_orders'),
            (10, 'funds', 'seed_funds')
        ) as w (stage, title, maker)
        cross join seed_tenants as t
        cross join lateral generate_series(0, t.people - 1, 250000) as f
        union all
        select 5, 0, 'rows', 'grants', 'select pg_temp.seed_leaders()', (
            select count(*) from seed_units where own_people > 0
        )
        union all
        select
            case o.kind when 'trigger' then 14 when 'foreign key' then 13 else 11 end,
            o.no,
            'keys',
            o.kind || ' ' || o.name,
            -- Validation is a hash join, faster in parts that fit the processor's cache.
            case o.kind
                when 'foreign key' then 'set local maintenance_work_mem = ''4MB''; ' else ''
            end || o.back,
            0
        from seed_objects as o
        cross join seed_plan as p
        where p.sets_aside or o.kind = 'trigger'
        union all
        select 15, 0, 'keys', 'next ids', 'select pg_temp.seed_restart_ids()', 0
        union all
        select
            15,
            t.no,
            'keys',
            'log of ' || t.name,
            format('select authz_private.log_load(%L)', t.name),
            0
        from seed_tables as t
        where exists (
            select
            from pg_trigger as g
            inner join pg_proc as p on g.tgfoid = p.oid
            where g.tgrelid = t.name and p.proname = 'tg_audit'
        )
        union all
        select 16, 0, 'vacuum', 'owner', 'set role fundwarden_owner', 0
        union all
        select 18, 0, 'vacuum', 'view', 'select authz_private.refresh_policies(''load'')', 0
        union all
        select 19, 0, 'vacuum', 'owner', 'reset role', 0
        union all
        select
            17,
            t.no,
            'vacuum',
            t.name::text,
            format('vacuum (analyze) %s', t.name),
            0
        from seed_tables as t
        union all
        -- Small, and part of every plan.
        select
            17,
            1000 + row_number() over (order by c.oid),
            'vacuum',
            c.oid::regclass::text,
            format('analyze %s', c.oid::regclass),
            0
        from pg_class as c
        where c.relkind = 'r'
            and c.relnamespace in ('authz'::regnamespace, 'finance'::regnamespace)
            and c.oid not in (select t.name from seed_tables as t)
    ) as c
    order by c.stage, c.part;
$$;
