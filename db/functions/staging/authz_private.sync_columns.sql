-- The columns of a file are those of its table without the ones that say where a row came from.

create or replace function authz_private.sync_columns(table_name text)
returns text []
language sql stable security invoker parallel safe
begin atomic
    select array_agg(a.attname::text order by a.attnum)
    from pg_attribute as a
    inner join pg_class as c on a.attrelid = c.oid
    where c.relnamespace = 'sync'::regnamespace
        and c.relname = sync_columns.table_name
        and c.relname in (select t.table_name from authz_private.sync_tables() as t)
        and a.attnum > 0
        and not a.attisdropped
        and a.attname not in ('file', 'line', 'loaded_by', 'number');
end;

comment on function authz_private.sync_columns(text) is
    'Columns of the files of a staging table; null: there is no such table.';
revoke all on function authz_private.sync_columns(text) from public;
