-- What grows with a tenant can be partitioned or distributed by tenant_id: every unique key and
-- every foreign key between such tables carries it. Not among them are the tables of authz: they
-- are found by one number, small beside funds, and read by every question, so they are copied to
-- every node. docs/scaling.md says which way was chosen.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(5);

create temporary view distributed as
select
    c.oid,
    c.oid::regclass::text as title,
    a.attnum as tenant
from pg_class as c
inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'tenant_id' and a.attnotnull
where c.oid = any(
        array[
            'finance.financial_funds', 'finance.orders', 'finance.customers'
        ]::regclass []
    );

create temporary view tenant_tables as
select
    c.oid,
    c.oid::regclass::text as title,
    a.attnum as tenant
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'tenant_id' and a.attnotnull
where n.nspname in ('authz', 'finance') and c.relkind in ('r', 'p') and not c.relispartition;

select is(
    (select count(*) from distributed), 3::bigint, 'the tables that are distributed have a tenant'
);

select is_empty(
    $$
    select d.title, i.indexrelid::regclass
    from distributed as d
    inner join pg_index as i on d.oid = i.indrelid
    where i.indisunique
        and d.tenant <> all((i.indkey::int2[])[0:i.indnkeyatts - 1])
    $$,
    'every unique key of a distributed table carries the tenant'
);

select is_empty(
    $$
    select d.title, k.conname
    from distributed as d
    inner join pg_constraint as k on d.oid = k.conrelid and k.contype = 'f'
    inner join tenant_tables as other on k.confrelid = other.oid
    where not exists (
        select
        from unnest(k.conkey, k.confkey) as c (here, there)
        where c.here = d.tenant and c.there = other.tenant
    )
    $$,
    'every foreign key between tables of a tenant refers tenant to tenant'
);

select is_empty(
    $$
    select d.title, k.conname, k.confrelid::regclass
    from distributed as d
    inner join pg_constraint as k on d.oid = k.conrelid and k.contype = 'f'
    where k.confrelid not in (select x.oid from distributed as x)
        and k.confrelid not in ('authz.users'::regclass)
    $$,
    'beside each other they refer only to tables that are copied to every node'
);

-- A table copied to every node cannot refer to a distributed one.
select is_empty(
    $$
    select k.conrelid::regclass, k.conname
    from pg_constraint as k
    inner join distributed as d on k.confrelid = d.oid
    where k.contype = 'f' and k.conrelid not in (select x.oid from distributed as x)
    $$,
    'nothing that is copied to every node refers to a distributed table'
);

select *
from finish();
rollback;
