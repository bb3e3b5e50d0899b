-- Columns of the package are no columns of the company: rules, pages and views leave them out.

create or replace function authz_private.is_storage_column(table_name regclass, name name)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select exists (
        select
        from authz_private.dataset_objects as o
        where o.table_name = is_storage_column.table_name
            and o.kind = 'column'
            and o.name = is_storage_column.name
    );
end;

comment on function authz_private.is_storage_column(regclass, name) is
    'Whether a column was added to a table to store owners of a dataset.';
revoke all on function authz_private.is_storage_column(regclass, name) from public;
