-- The functions of a dataset with owners, as text. Those that callers name are in SQL and not in
-- PL/pgSQL, because a column of the table may have the name of a parameter. In storage stored they
-- call two more, which nobody else may: <name>_page and <name>_find.

create or replace function authz_private.dataset_functions(dataset text)
returns table (
    identity text, is_public boolean, is_export boolean, is_trigger boolean, definition text
)
language sql stable security invoker parallel safe
begin atomic
    select
        format('paged.%I(%s)', d.name || f.suffix, f.types),
        f.suffix not in ('_page', '_find'),
        f.suffix = '_export',
        false,
        format(
            'create or replace function paged.%I(%s) returns %s %s as %L',
            d.name || f.suffix, f.parameters, f.result,
            case
                when f.suffix in ('_page', '_find')
                    then 'language plpgsql stable security invoker parallel restricted'
                else format(
                    'language sql %s security definer parallel %s '
                    'set search_path = pg_catalog, ext, pg_temp set jit = off'
                    '%s',
                    case f.suffix when '_export' then 'volatile' else 'stable' end,
                    case f.suffix when '_export' then 'unsafe' else 'restricted' end,
                    -- Plans of a session are made once; those of a page that need its values are
                    -- made for each call.
                    case d.storage
                        when 'stored' then ' set plan_cache_mode = force_generic_plan'
                    end
                )
            end,
            f.body
        )
    from authz.datasets as d
    cross join lateral (
        select
            authz_private.typed_columns(d.table_name) as typed,
            string_agg(format('r.%I', c.column_name), ', ' order by c.place) as named,
            string_agg(
                format('column_%s %s', c.place, format_type(a.atttypid, a.atttypmod)), ', '
                order by c.place
            ) as numbered,
            authz_private.default_sort(d.table_name, d.tenant_column) as first_key
        from authz_private.dataset_columns(d.table_name) as c
        inner join pg_attribute as a on a.attrelid = d.table_name and c.column_name = a.attname
    ) as c
    cross join lateral (
        select string_agg(
            format('out key_%s %s []', k.place, format_type(a.atttypid, a.atttypmod)), ', '
            order by k.place
        ) as found_keys
        from unnest(authz_private.key_columns(d.table_name)) with ordinality as k (name, place)
        inner join pg_attribute as a on a.attrelid = d.table_name and k.name = a.attname
    ) as k
    cross join lateral (
        values
        (
            '_find', 'stored',
            'bigint,text,bigint,integer,text,boolean,text,text,text,text',
            'subject_id bigint, action text, page_offset bigint, page_size int, sort_column text, '
            'descending boolean, condition text, begins text, behind text, '
            'totals text, out total bigint, ' || k.found_keys,
            'record',
            case d.storage when 'stored' then authz_private.stored_finder(d.name) end
        ),
        (
            '_page', 'stored',
            'integer,integer,text,text,jsonb,jsonb,text,bigint',
            'int, int, text, text, jsonb, jsonb, text, bigint',
            format('table (row_number bigint, total_count bigint, %s)', c.numbered),
            case d.storage when 'stored' then authz_private.stored_pager(d.name) end
        ),
        (
            '', d.storage,
            'integer,integer,text,text,jsonb,jsonb,text,bigint',
            format(
                'page int default 1, page_size int default 20, sort_by text default %L, '
                'sort_order text default ''ASC'', filter jsonb default null, '
                'after jsonb default null, total text default ''exact'', '
                'supervisor_id bigint default null',
                c.first_key
            ),
            format('table (row_number bigint, total_count bigint, %s)', c.typed),
            case d.storage
                when 'stored' then format(
                    'select r.* from paged.%I($1, $2, $3, $4, $5, $6, $7, $8) as r',
                    d.name || '_page'
                )
                else format(
                    'select r.row_number, r.total_count, %s from authz_private.page_dataset('
                    '%L, $1, $2, $3, $4, $5, $6, $7, $8) '
                    'as r (row_number bigint, total_count bigint, %s)',
                    c.named, d.name, c.typed
                )
            end
        ),
        (
            '_count', d.storage,
            'jsonb,bigint',
            'filter jsonb default null, supervisor_id bigint default null',
            'bigint',
            case d.storage
                when 'stored' then format(
                    'select f.total from authz_private.page_request('
                    '%L, 1, 1, null, ''ASC'', $1, null, ''exact'', $2, %L) as r '
                    'cross join lateral paged.%I(r.subject_id, ''read'', null, null, '
                    'r.sort_column, false, r.condition, null, null, ''exact'') as f',
                    d.name, d.table_name::text, d.name || '_find'
                )
                else format('select authz_private.count_dataset(%L, $1, $2)', d.name)
            end
        ),
        (
            '_explain', d.storage,
            'bigint,jsonb',
            'user_id bigint, key jsonb',
            'table (is_visible boolean, owner_name text, owner_id bigint, owner_unit_id int, '
            'owner_unit_path text, assignment text, grant_id bigint, role_code text, '
            'policy_name text, effect authz.policy_effect, priority int, permission text, '
            'grant_unit_path text, inherit_to_descendants boolean, valid_from timestamptz, '
            'valid_until timestamptz, reason text)',
            format('select r.* from authz_private.explain_row(%L, $1, $2) as r', d.name)
        ),
        (
            '_export', d.storage,
            'jsonb',
            'filter jsonb default null',
            format('table (%s)', c.typed),
            format(
                'select %s from authz_private.export_dataset(%L, $1) as r (%s)',
                c.named, d.name, c.typed
            )
        )
    ) as f (suffix, storage, types, parameters, result, body)
    where d.name = dataset_functions.dataset and d.owners is not null and f.storage = d.storage
    union all
    select format('paged.%I()', o.name), false, false, true, o.statement
    from authz.datasets as d
    cross join lateral authz_private.storage_objects(
        d.table_name, d.name, d.owners, d.tenant_column, d.tenant_id
    ) as o
    where d.name = dataset_functions.dataset and d.storage = 'stored' and o.kind = 'function';
end;

comment on function authz_private.dataset_functions(text) is
    'The functions of a dataset in schema paged: page, count, explain and export and, in storage '
    'stored, the two that those call and the functions of triggers; no rows without owners.';
revoke all on function authz_private.dataset_functions(text) from public;
