-- Makes finance.financial_funds a table partitioned by hash of tenant_id, with its rows, in one
-- transaction. Keys and indexes are copied from the catalog and the rest is applied from its own
-- file, so that each still has one text. See docs/scaling.md.
--
--     psql -v partitions=16 -f db/options/partition_funds.sql "$DATABASE_URL"

\set ON_ERROR_STOP on
\if :{?partitions}
\else
    \set partitions 8
\endif

begin;
set local search_path = pg_catalog;
set local role fundwarden_owner;
set local client_min_messages = warning;
select set_config('fundwarden.partitions', :'partitions', true) as partitions
\gset

lock table finance.financial_funds in access exclusive mode;
-- What data permissions made of the table as it was; made again at the end.
do $$ begin perform authz.withdraw_datasets(); end $$;

do $$
declare
    partitions constant int := current_setting('fundwarden.partitions')::int;
begin
    if (select c.relkind <> 'r' from pg_class as c where c.oid = 'finance.financial_funds'::regclass)
    then
        raise exception 'finance.financial_funds is partitioned already'
            using errcode = '55000', hint = 'There is nothing to do.';
    end if;
    if partitions not between 1 and 1024 then
        raise exception 'partitions: % is not a number from 1 to 1024', partitions
            using errcode = '22023', hint = 'Eight to sixty-four are common.';
    end if;
    create table finance.partitioned_funds (
        like finance.financial_funds
        including defaults including identity including constraints including comments
        including storage
    ) partition by hash (tenant_id);
    for i in 0 .. partitions - 1 loop
        execute format(
            'create table finance.financial_funds_%s partition of finance.partitioned_funds '
            'for values with (modulus %s, remainder %s)',
            i, partitions, i
        );
    end loop;
end
$$;

insert into finance.partitioned_funds overriding system value
select f.*
from finance.financial_funds as f;

-- Its argument is a row of the table: it cannot be replaced, only made again.
drop function authz_private.may_touch_fund(bigint, text, finance.financial_funds);

do $$
declare
    plain constant oid := 'finance.financial_funds'::regclass;
    old record;
begin
    execute format(
        'comment on table finance.partitioned_funds is %L', obj_description(plain, 'pg_class')
    );
    perform setval(
        pg_get_serial_sequence('finance.partitioned_funds', 'id'),
        s.last_value,
        s.is_called
    )
    from finance.financial_funds_id_seq as s;
    alter table finance.financial_funds rename to plain_funds;
    alter sequence finance.financial_funds_id_seq rename to plain_funds_id_seq;
    alter table finance.partitioned_funds rename to financial_funds;
    alter sequence finance.partitioned_funds_id_seq rename to financial_funds_id_seq;

    -- The primary key before what may depend on it.
    for old in
        select
            k.conname as name,
            pg_get_constraintdef(k.oid) as definition
        from pg_constraint as k
        where k.conrelid = plain and k.contype in ('p', 'u', 'f')
        order by k.contype = 'f', k.conname
    loop
        execute format(
            'alter table finance.plain_funds rename constraint %I to %I',
            old.name, 'plain_' || old.name
        );
        execute format(
            'alter table finance.financial_funds add constraint %I %s', old.name, old.definition
        );
    end loop;
    for old in
        select
            c.relname as name,
            i.indexrelid,
            replace(pg_get_indexdef(i.indexrelid), ' finance.plain_funds ',
                ' finance.financial_funds ') as definition,
            obj_description(i.indexrelid, 'pg_class') as said
        from pg_index as i
        inner join pg_class as c on i.indexrelid = c.oid
        where i.indrelid = plain
            and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)
        order by c.relname
    loop
        execute format('alter index finance.%I rename to %I', old.name, 'plain_' || old.name);
        execute old.definition;
        execute format('comment on index finance.%I is %L', old.name, old.said);
    end loop;
end
$$;

-- They are bound to the table as it was, not to its name.
update authz.datasets as d
set table_name = 'finance.financial_funds'::regclass
where d.table_name = 'finance.plain_funds'::regclass;
\ir ../functions/paging/authz_private.funds_are_masked.sql
\ir ../views/platform.cell_funds.sql
\ir ../views/platform.cell_counts.sql
\ir ../views/platform.cell_state.sql

-- Fails, and undoes everything, if anything else is.
drop table finance.plain_funds restrict;

\ir ../functions/records/authz_private.may_touch_fund.sql
\ir ../triggers/finance.financial_funds.sql
\ir ../policies/finance.financial_funds.sql

do $$ begin perform authz.compile_datasets(); end $$;

-- Autovacuum analyses the partitions and never the whole, which is what plans are chosen by.
analyze finance.financial_funds;

commit;
