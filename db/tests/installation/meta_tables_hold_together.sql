-- Foreign keys, and what becomes of a table in a crash.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(5);

create temporary view our_keys as
select
    k.oid,
    k.conname,
    k.conrelid,
    k.confrelid,
    k.conkey,
    k.confkey,
    k.conrelid::regclass || ': ' || k.conname as title
from pg_constraint as k
inner join pg_namespace as n on k.connamespace = n.oid
where k.contype = 'f'
    and k.conparentid = 0
    and n.nspowner = to_regrole('fundwarden_owner')
    and n.nspname <> 'fundwarden';

select cmp_ok(
    (select count(*) from our_keys), '>', 10::bigint, 'the questions below find foreign keys'
);

select is(
    (select c.detail from ops.check_foreign_keys() as c),
    'without an index: 0; not validated: 0',
    'every foreign key is validated and has an index that begins with its columns'
);
select is_empty(
    $$
    select k.title
    from our_keys as k
    inner join pg_constraint as c on k.oid = c.oid
    where not c.convalidated or c.confmatchtype <> 's'
    $$,
    'every foreign key is validated'
);

select set_eq(
    $$
    select c.oid::regclass::text
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspname = 'finance'
        and c.relkind in ('r', 'p')
        and not exists (
            select
            from pg_index as i
            inner join pg_attribute as a
                on i.indrelid = a.attrelid and i.indkey[0] = a.attnum
            where i.indrelid = c.oid and i.indisprimary and a.attname = 'tenant_id'
        )
    $$,
    array[]::text [],
    'every primary key of finance begins with the tenant'
);

select is_empty(
    $$
    select c.oid::regclass, c.relpersistence
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspowner = to_regrole('fundwarden_owner') and c.relpersistence <> 'p'
    $$,
    'nothing is unlogged: a crash would empty it'
);

select * from finish();
rollback;
