-- Asked of the catalog: a table that decides about access and is not logged is a mistake here.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(10);

-- Every table of authz is part of the permission model.
select set_eq(
    $$
    select n.nspname || '.' || c.relname
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspname = 'authz' and c.relkind in ('r', 'p')
    $$,
    'select unnest(authz_private.audited_tables())',
    'every table of the permission model is audited'
);
-- And so is all that the effective view is made of.
select is_empty(
    $$
    with recursive reads as (
        select 'authz.user_effective_policies_live'::regclass::oid as oid
        union
        select d.refobjid
        from reads as r
        inner join pg_rewrite as w on r.oid = w.ev_class
        inner join pg_depend as d
            on w.oid = d.objid
            and d.classid = 'pg_rewrite'::regclass
            and d.refclassid = 'pg_class'::regclass
    )

    select c.oid::regclass
    from reads as r
    inner join pg_class as c on r.oid = c.oid and c.relkind in ('r', 'p')
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspname || '.' || c.relname <> all(authz_private.audited_tables())
    $$,
    'every table a decision reads is audited'
);
create temporary view auditing as
select
    t.tgrelid,
    t.tgname,
    t.tgtype,
    t.tgenabled,
    t.tgoldtable,
    t.tgnewtable,
    t.tgqual,
    t.tgattr::text as columns,
    (regexp_match(pg_get_triggerdef(t.oid), 'tg_audit\(''([^'']*)'''))[1] as key_columns
from pg_trigger as t
where t.tgfoid = 'authz_private.tg_audit'::regproc;
select is_empty(
    $$
    select a.title, w.what
    from unnest(authz_private.audited_tables()) as a (title)
    -- The bits of pg_trigger.tgtype: 4 INSERT, 8 DELETE, 16 UPDATE, 32 TRUNCATE, 2 before.
    cross join (values ('insert', 4), ('delete', 8), ('update', 16), ('truncate', 34))
        as w (what, bits)
    where not exists (
        select
        from auditing as t
        where t.tgrelid = a.title::regclass
            and t.tgtype = w.bits
            and t.tgenabled = 'A'
            and t.tgqual is null
            and t.columns = ''
            and (w.what in ('insert', 'truncate') or t.tgoldtable = 'old_rows')
            and (w.what in ('delete', 'truncate') or t.tgnewtable = 'new_rows')
    )
    $$,
    'each has a trigger for INSERT, UPDATE, DELETE and TRUNCATE, of whole statements, for all '
    'columns, always enabled'
);
select is_empty(
    $$
    select t.tgrelid::regclass
    from auditing as t
    where t.key_columns is distinct from (
        select string_agg(a.attname, ',' order by array_position(i.indkey::int2 [], a.attnum))
        from pg_index as i
        inner join pg_attribute as a on i.indrelid = a.attrelid and a.attnum = any(i.indkey)
        where i.indrelid = t.tgrelid and i.indisprimary
    )
    $$,
    'and is told the primary key of its table'
);
select is_empty(
    $$
    select a.title
    from unnest(authz_private.audited_tables()) as a (title)
    inner join pg_index as i on i.indrelid = a.title::regclass and i.indisprimary
    where i.indnkeyatts > 2
    $$,
    'which has at most the two columns that the trigger reads'
);
select is_empty(
    $$
    select t.tgrelid::regclass
    from auditing as t
    inner join pg_attribute as a on t.tgrelid = a.attrelid and a.attname = 'tenant_id'
    where pg_get_triggerdef((
        select g.oid from pg_trigger as g where g.tgrelid = t.tgrelid and g.tgname = t.tgname
    )) !~ '''tenant_id'''
    $$,
    'and of the tenant where it has one'
);
select is(authz_private.as_of_unknowns(), null, 'what access depends on is all in the log');
select is_empty(
    $$
    select l.tgrelid::regclass
    from pg_trigger as l
    where l.tgfoid = 'authz_private.tg_keep_log'::regproc and l.tgenabled <> 'A'
    $$,
    'what keeps the log is always enabled'
);
select is_empty(
    $$
    select p.partition_id
    from authz_private.log_partitions() as p
    cross join (values (27), (34)) as w (bits)
    where not exists (
        select
        from pg_trigger as t
        where t.tgrelid = p.partition_id
            and t.tgfoid = 'authz_private.tg_keep_log'::regproc
            and t.tgtype = w.bits
    )
    $$,
    'on every partition: against UPDATE and DELETE of its rows, and TRUNCATE'
);
select cmp_ok(
    (select count(*) from authz_private.log_partitions() where month >= current_date),
    '>=', 3::bigint, 'there are partitions for three months to come'
);

select * from finish();
rollback;
