-- Keys before what they refer to, columns last: indexes and checks go with their columns.

create or replace function authz_private.drop_storage(dataset text)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    t regclass;
    o record;
begin
    for t in
        select distinct w.table_name::oid
        from authz_private.dataset_objects as w
        inner join pg_class as c on w.table_name = c.oid
        where w.dataset = drop_storage.dataset
        order by 1
    loop
        execute format('lock table %s in access exclusive mode', t);
    end loop;
    for o in
        select w.kind, w.table_name, w.name
        from authz_private.dataset_objects as w
        left join pg_class as c on w.table_name = c.oid
        where w.dataset = drop_storage.dataset
            and (w.kind = 'function' or c.oid is not null)
        order by w.kind = 'function', w.place desc
    loop
        execute case o.kind
            when 'trigger' then format('drop trigger if exists %I on %s', o.name, o.table_name)
            when 'function' then format('drop function if exists paged.%I()', o.name)
            when 'column' then format('alter table %s drop column if exists %I', o.table_name, o.name)
            when 'index' then (
                select format(
                    'drop index if exists %I.%I', n.nspname, o.name
                )
                from pg_class as c
                inner join pg_namespace as n on c.relnamespace = n.oid
                where c.oid = o.table_name
            )
            else format('alter table %s drop constraint if exists %I', o.table_name, o.name)
        end;
    end loop;
    delete from authz_private.dataset_objects as w where w.dataset = drop_storage.dataset;
end
$$;

comment on function authz_private.drop_storage(text) is
    'Removes from the tables of a stored dataset what registering it added. Locks them ACCESS '
    'EXCLUSIVE. 2BP01 when something else depends on one of the columns.';
revoke all on function authz_private.drop_storage(text) from public;
