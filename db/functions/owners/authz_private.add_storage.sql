-- All in the transaction of the caller: a crash leaves the tables as they were. Triggers of the
-- company do not fire while the new columns are filled.

create or replace function authz_private.add_storage(dataset text)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wanted authz.datasets;
    t regclass;
    o record;
    f record;
    silenced record;
    loud text [] := '{}';
    is_filled boolean := false;
    filled bigint;
    statement text;
begin
    select d.* into wanted from authz.datasets as d where d.name = add_storage.dataset;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'storage: stored needs a transaction at READ COMMITTED'
            using
                errcode = '25000',
                hint = 'An older snapshot would miss rows that others committed before the lock.';
    end if;
    for t in
        select distinct s.from_table::oid
        from authz_private.owner_steps(wanted.table_name, wanted.owners) as s
        order by 1
    loop
        execute format('lock table %s in access exclusive mode', t);
    end loop;
    -- Whoever inserts a user or changes a code from now on keeps authz_private.owner_references.
    lock table authz.users in share row exclusive mode;
    perform nextval('authz_private.stored_datasets');

    for o in
        select w.*
        from authz_private.storage_objects(
            wanted.table_name, wanted.name, wanted.owners, wanted.tenant_column, wanted.tenant_id
        ) as w
        order by w.place
    loop
        if o.kind <> 'column' and not is_filled then
            for silenced in
                select
                    g.tgrelid::regclass as of_table,
                    g.tgname,
                    case g.tgenabled when 'R' then 'replica ' when 'A' then 'always ' else '' end
                    as mode
                from (
                    select s.from_table as id
                    from authz_private.owner_steps(wanted.table_name, wanted.owners) as s
                    union
                    select p.relid
                    from authz_private.owner_steps(wanted.table_name, wanted.owners) as s
                    cross join pg_partition_tree(s.from_table) as p
                ) as r
                inner join pg_trigger as g on r.id = g.tgrelid
                where not g.tgisinternal and g.tgenabled <> 'D'
                order by r.id, g.tgname
            loop
                execute format(
                    'alter table only %s disable trigger %I', silenced.of_table, silenced.tgname
                );
                loud := loud || format(
                    'alter table only %s enable %strigger %I',
                    silenced.of_table, silenced.mode, silenced.tgname
                );
            end loop;
            for f in
                select w.*
                from authz_private.storage_filling(
                    wanted.table_name, wanted.name, wanted.owners, wanted.tenant_column,
                    wanted.tenant_id
                ) as w
                order by w.place
            loop
                execute f.statement;
                get diagnostics filled = row_count;
                raise notice 'dataset %: %', wanted.name,
                    concat_ws(': ', f.purpose, nullif(filled, 0) || ' rows');
            end loop;
            foreach statement in array loud loop
                execute statement;
            end loop;
            is_filled := true;
        end if;
        execute o.statement;
        if o.kind = 'column' then
            execute format(
                'comment on column %s.%I is %L', o.on_table, o.name,
                format('Dataset %s of fundwarden: %s.', wanted.name, o.purpose)
            );
        elsif o.kind = 'function' then
            execute format('revoke all on function paged.%I() from public', o.name);
            execute format(
                'comment on function paged.%I() is %L', o.name,
                'Compiled from authz.datasets: ' || md5(o.statement)
            );
        elsif o.kind = 'index' then
            raise notice 'dataset %: index % on %', wanted.name, o.name, o.on_table;
        elsif o.kind in ('check', 'unique', 'foreign key') then
            raise notice 'dataset %: % % of %', wanted.name, o.kind, o.name, o.on_table;
        end if;
        insert into authz_private.dataset_objects (
            dataset, place, kind, table_name, name, purpose
        )
        values (wanted.name, o.place, o.kind, o.on_table, o.name, o.purpose);
    end loop;
    -- The planner knows nothing of the new columns yet.
    execute format('analyze %s', wanted.table_name);
end
$$;

comment on function authz_private.add_storage(text) is
    'Adds to the tables of a stored dataset what authz_private.storage_objects() lists, and fills '
    'it. Locks each table of a path ACCESS EXCLUSIVE, and authz.users SHARE ROW EXCLUSIVE. 25000 '
    'above READ COMMITTED.';
revoke all on function authz_private.add_storage(text) from public;
