-- A page in an order without an index would sort the whole table.

create or replace function authz_private.is_sorted_by(
    table_name regclass, tenant_column name, column_name name
)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select exists (
        select
        from pg_index as i
        inner join pg_class as c on i.indexrelid = c.oid
        inner join pg_am as m on c.relam = m.oid and m.amname = 'btree'
        inner join pg_attribute as a
            on i.indrelid = a.attrelid and a.attname = is_sorted_by.column_name
        left join pg_attribute as t
            on i.indrelid = t.attrelid and t.attname = is_sorted_by.tenant_column
        where i.indrelid = is_sorted_by.table_name
            and i.indisvalid
            and i.indpred is null
            -- The first column, or the one behind the tenant.
            and a.attnum = i.indkey[case
                when i.indkey[0] = t.attnum and i.indnkeyatts > 1 and a.attnum <> t.attnum then 1
                else 0
            end]
    );
end;

comment on function authz_private.is_sorted_by(regclass, name, name) is
    'Whether a b-tree index gives the rows of a dataset in the order of a column.';
revoke all on function authz_private.is_sorted_by(regclass, name, name) from public;
