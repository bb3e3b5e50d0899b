-- The SQL reference is made of the comments: what has none is not in it.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(7);

-- The schema fundwarden is the runner's own: its tables are made by the library of migrations.
create temporary view our_schemas as
select n.oid, n.nspname
from pg_namespace as n
where n.nspowner = to_regrole('fundwarden_owner') and n.nspname <> 'fundwarden';

select is_empty(
    $$
    select n.nspname
    from pg_namespace as n
    where n.nspowner = to_regrole('fundwarden_owner')
        and obj_description(n.oid, 'pg_namespace') is null
    $$,
    'every schema has a comment'
);
select is_empty(
    $$
    select c.oid::regclass
    from pg_class as c
    inner join our_schemas as n on c.relnamespace = n.oid
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and obj_description(c.oid, 'pg_class') is null
    $$,
    'every table and view has a comment'
);
select is_empty(
    $$
    select p.oid::regprocedure
    from pg_proc as p
    inner join our_schemas as n on p.pronamespace = n.oid
    where obj_description(p.oid, 'pg_proc') is null
    $$,
    'every function has a comment'
);
select is_empty(
    $$
    select i.indexrelid::regclass
    from pg_index as i
    inner join pg_class as c on i.indexrelid = c.oid
    inner join our_schemas as n on c.relnamespace = n.oid
    where obj_description(i.indexrelid, 'pg_class') is null
        and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)
    $$,
    'every index that is no constraint says which question it answers'
);
select is_empty(
    $$
    select t.oid::regtype
    from pg_type as t
    inner join our_schemas as n on t.typnamespace = n.oid
    where t.typrelid = 0 and t.typelem = 0 and obj_description(t.oid, 'pg_type') is null
    $$,
    'every type has a comment'
);
select is_empty(
    $$
    select a.attrelid::regclass, a.attname
    from pg_attribute as a
    inner join pg_class as c on a.attrelid = c.oid
    inner join our_schemas as n on c.relnamespace = n.oid
    where c.relkind in ('r', 'p')
        and a.attname in ('tenant_id', 'is_active', 'valid_from', 'valid_until')
        and col_description(a.attrelid, a.attnum) is null
    $$,
    'columns that decide about access have a comment in every table'
);
select is_empty(
    $$
    select d.objoid, d.description
    from pg_description as d
    inner join pg_class as c on d.classoid = 'pg_class'::regclass and d.objoid = c.oid
    inner join our_schemas as n on c.relnamespace = n.oid
    where btrim(d.description) = '' or d.description !~ '[.?!]$'
    $$,
    'comments are sentences'
);

select * from finish();
rollback;
