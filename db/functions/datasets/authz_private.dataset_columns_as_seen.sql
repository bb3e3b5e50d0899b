-- One list for pages and exports, in the order of the table.

create or replace function authz_private.dataset_columns_as_seen(table_name regclass, masks jsonb)
returns text
language sql stable security invoker parallel safe
begin atomic
    select string_agg(
        format(
            '%s as %I',
            coalesce(
                '(' || (dataset_columns_as_seen.masks ->> c.column_name) || ')::'
                || format_type(a.atttypid, a.atttypmod),
                quote_ident(c.column_name)
            ),
            c.column_name
        ),
        ', ' order by c.place
    )
    from authz_private.dataset_columns(dataset_columns_as_seen.table_name) as c
    inner join pg_attribute as a
        on a.attrelid = dataset_columns_as_seen.table_name and c.column_name = a.attname;
end;

comment on function authz_private.dataset_columns_as_seen(regclass, jsonb) is
    'The columns of a table as SQL, masked as authz_private.dataset_masks() says.';
revoke all on function authz_private.dataset_columns_as_seen(regclass, jsonb) from public;
