-- Columns that a compiled page can sort by with a plan of its own.

create or replace function authz_private.sort_columns(table_name regclass, tenant_column name)
returns table (place int, name name, type_name text, collation_id oid)
language sql stable security invoker parallel safe
begin atomic
    select a.attnum::int, a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation
    from pg_attribute as a
    where a.attrelid = sort_columns.table_name
        and a.attnum > 0
        and not a.attisdropped
        and not authz_private.is_storage_column(a.attrelid, a.attname)
        and authz_private.is_sorted_by(
            sort_columns.table_name, sort_columns.tenant_column, a.attname
        );
end;

comment on function authz_private.sort_columns(regclass, name) is
    'Columns of a dataset that an index sorts, by their number in the table.';
revoke all on function authz_private.sort_columns(regclass, name) from public;
