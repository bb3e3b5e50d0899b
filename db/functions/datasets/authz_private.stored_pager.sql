-- What a page costs is mostly the planning of its statements: those of a page without masks are
-- planned once a session.

create or replace function authz_private.stored_pager(dataset text)
returns text
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    token record;
    body text := $body$
declare
    request record;
    found_keys record;
    told bigint;
begin
    select r.*
    into request
    from authz_private.page_request(
        {dataset}, $1, $2, $3, $4, $5, $6, $7, $8, {table_text}
    ) as r;
    select f.*
    into found_keys
    from paged.{find}(
        request.subject_id, 'read', request.page_offset, $2,
        request.sort_column, request.descending, request.condition, request.begins,
        request.behind, $7
    ) as f;
    told := case
        when request.behind is not null then case when $7 <> 'none' then found_keys.total end
        else authz_private.requested_total(
            $7, found_keys.total, request.page_offset, $2, cardinality(found_keys.key_1)
        )
    end;
    if request.masks = '{}' then
        return query
        select request.page_offset + k.n, told, {columns}
        from unnest({keys}) with ordinality as k ({key_names}, n)
        inner join {table} as d on {joined}
        order by k.n;
    else
        return query execute format(
            'select $1 + k.n, $2, v.* from unnest({parameters}) with ordinality as k ({key_names}, n) '
            'cross join lateral (select %s from (select d.* from %s as d where %s) as d) as v '
            'order by k.n',
            authz_private.dataset_columns_as_seen({table_name}, request.masks), {table_name},
            {joined_text}
        )
        using request.page_offset, told, {keys};
    end if;
end
$body$;
begin
    for token in
        select v.name, v.value
        from authz.datasets as d
        cross join lateral (
            select
                string_agg('found_keys.key_' || n.place, ', ' order by n.place) as keys,
                string_agg('key_' || n.place, ', ' order by n.place) as names,
                string_agg(format('$%s', n.place + 2), ', ' order by n.place) as parameters,
                string_agg(format('d.%I = k.key_%s', n.name, n.place), ' and ' order by n.place)
                as joined
            from unnest(authz_private.key_columns(d.table_name)) with ordinality as n (name, place)
        ) as k
        cross join lateral (
            values
            (
                '{columns}',
                (
                    select string_agg(format('d.%I', c.column_name), ', ' order by c.place)
                    from authz_private.dataset_columns(d.table_name) as c
                )
            ),
            ('{find}', quote_ident(d.name || '_find')),
            ('{dataset}', quote_literal(d.name)),
            ('{table}', d.table_name::text),
            ('{table_text}', quote_literal(d.table_name::text)),
            ('{table_name}', quote_literal(d.table_name::text) || '::regclass'),
            ('{keys}', k.keys),
            ('{key_names}', k.names),
            ('{parameters}', k.parameters),
            ('{joined}', k.joined),
            ('{joined_text}', quote_literal(k.joined))
        ) as v (name, value)
        where d.name = stored_pager.dataset
    loop
        body := replace(body, token.name, token.value);
    end loop;
    return body;
end
$$;

comment on function authz_private.stored_pager(text) is
    'Body of paged.<dataset>_page() of a dataset in storage stored, in PL/pgSQL.';
revoke all on function authz_private.stored_pager(text) from public;
