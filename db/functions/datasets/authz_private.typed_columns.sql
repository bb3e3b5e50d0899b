-- For functions that return rows of a table, and for those who call them.

create or replace function authz_private.typed_columns(table_name regclass)
returns text
language sql stable security invoker parallel safe
begin atomic
    select string_agg(
        format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum
    )
    from pg_attribute as a
    where a.attrelid = typed_columns.table_name
        and a.attnum > 0
        and not a.attisdropped
        and not authz_private.is_storage_column(a.attrelid, a.attname);
end;

comment on function authz_private.typed_columns(regclass) is
    'The columns of a table with their types, as a column definition list.';
revoke all on function authz_private.typed_columns(regclass) from public;
