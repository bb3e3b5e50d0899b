-- Rows that arrive are never fewer than those that changed: if there are more rows here, some were
-- deleted there.

create or replace function ops.tables_with_removed_rows(
    tenant_id int, row_counts jsonb, with_last boolean
)
returns text []
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
as $$
declare
    held record;
    matches text;
    counted bigint;
    removed_from text [] := '{}';
begin
    perform authz_private.name_arriving_permissions();
    for held in
        select t.*
        from authz_private.tenant_tables() as t
        where (with_last or not t.is_last) and t.title <> 'authz_private.last_sign_ins'
        order by t.place
    loop
        select string_agg(format('t.%I = n.%I', k.name, k.name), ' and ')
        into matches
        from unnest(authz_private.key_columns(held.title::regclass)) as k (name);
        execute format(
            'select (select count(*) from %1$s as t where %2$s) + ('
            'select count(*) from pg_temp.arriving_rows as a '
            'cross join lateral jsonb_populate_record(null::%1$s, a.content) as n '
            'where a.title = %1$L and not exists (select from %1$s as t where %3$s))',
            held.title, held.of_tenant, matches
        )
        into counted
        using tables_with_removed_rows.tenant_id;
        if counted <> coalesce((row_counts ->> held.title)::bigint, 0) then
            removed_from := removed_from || held.title;
        end if;
    end loop;
    return removed_from;
end
$$;

comment on function ops.tables_with_removed_rows(int, jsonb, boolean) is
    'Tables of which a tenant that is arriving has rows that the other cell deleted, given how '
    'many rows each table has there: {"finance.orders": 100}.';
revoke all on function ops.tables_with_removed_rows(int, jsonb, boolean) from public;
