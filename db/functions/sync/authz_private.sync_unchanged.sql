-- As a query, so that its rows are written once.

create or replace function authz_private.sync_unchanged(table_name text)
returns text
language sql stable security invoker parallel safe
begin atomic
    select format(
        'select %L::text, %s, ''unchanged''::text, null::jsonb, null::jsonb, null::text '
        'from sync.%I as s '
        'where s.loaded_by is not distinct from $1 and s.number > $2 and s.number <> all($3)',
        t.kind, t.code_expression, t.table_name
    )
    from authz_private.sync_tables() as t
    where t.table_name = sync_unchanged.table_name;
end;

comment on function authz_private.sync_unchanged(text) is
    'Query for the rows of a plan that change nothing. Parameters: who loaded them, the number '
    'after which they count, and the numbers of the lines that differ.';
revoke all on function authz_private.sync_unchanged(text) from public;
