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

-- A key may name more than it takes to find the row, as owner units do. It is the columns that do
-- take it, those that refer to a unique key, that the index has to begin with.
select is_empty(
    $$
    select k.title
    from our_keys as k
    where not exists (
        select
        from pg_index as u
        cross join lateral (
            select
                array_agg(f.attnum order by f.attnum) as columns,
                bool_and(f.attnum is not null) as is_within
            from unnest(u.indkey[0:u.indnkeyatts - 1]) as c (attnum)
            left join lateral unnest(k.conkey, k.confkey) as f (attnum, target)
                on c.attnum = f.target
        ) as needed
        inner join pg_index as i on i.indrelid = k.conrelid
        cross join lateral (
            select array_agg(c.attnum order by c.attnum) as columns
            from unnest(i.indkey[0:cardinality(needed.columns) - 1]) as c (attnum)
        ) as front
        where u.indrelid = k.confrelid
            and u.indisunique
            and u.indpred is null
            and needed.is_within
            and cardinality(needed.columns) <= i.indnkeyatts
            and front.columns = needed.columns
            and i.indisvalid
            -- A key is looked up by values that are not null.
            and (
                i.indpred is null
                or pg_get_expr(i.indpred, i.indrelid) in (
                    select format('(%I IS NOT NULL)', a.attname)
                    from pg_attribute as a
                    where a.attrelid = k.conrelid and a.attnum = any(k.conkey)
                )
            )
    )
    $$,
    'every foreign key has an index that begins with its columns'
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
