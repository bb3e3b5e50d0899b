-- The functions of a dataset with owners, as text. They are in SQL and not in PL/pgSQL, because a
-- column of the table may have the name of a parameter.

create or replace function authz_private.dataset_functions(dataset text)
returns table (identity text, signature text, definition text)
language sql stable security invoker parallel safe
begin atomic
    select
        format('paged.%I(%s)', d.name || f.suffix, f.types),
        format('paged.%I', d.name || f.suffix),
        format(
            'create or replace function paged.%I(%s) returns %s language sql %s security definer '
            'parallel %s set search_path = pg_catalog, ext, pg_temp set jit = off as %L',
            d.name || f.suffix, f.parameters, f.result,
            case f.suffix when '_export' then 'volatile' else 'stable' end,
            case f.suffix when '_export' then 'unsafe' else 'restricted' end,
            f.body
        )
    from authz.datasets as d
    cross join lateral (
        select
            authz_private.typed_columns(d.table_name) as typed,
            string_agg(format('r.%I', c.column_name), ', ' order by c.place) as named,
            (authz_private.key_columns(d.table_name))[1] as first_key
        from authz_private.dataset_columns(d.table_name) as c
    ) as c
    cross join lateral (
        values
        (
            '',
            'integer,integer,text,text,jsonb,jsonb,text,bigint',
            format(
                'page int default 1, page_size int default 20, sort_by text default %L, '
                'sort_order text default ''ASC'', filter jsonb default null, '
                'after jsonb default null, total text default ''exact'', '
                'supervisor_id bigint default null',
                c.first_key
            ),
            format('table (row_number bigint, total_count bigint, %s)', c.typed),
            format(
                'select r.row_number, r.total_count, %s from authz_private.page_dataset('
                '%L, $1, $2, $3, $4, $5, $6, $7, $8) '
                'as r (row_number bigint, total_count bigint, %s)',
                c.named, d.name, c.typed
            )
        ),
        (
            '_count',
            'jsonb,bigint',
            'filter jsonb default null, supervisor_id bigint default null',
            'bigint',
            format('select authz_private.count_dataset(%L, $1, $2)', d.name)
        ),
        (
            '_explain',
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
            '_export',
            'jsonb',
            'filter jsonb default null',
            format('table (%s)', c.typed),
            format(
                'select %s from authz_private.export_dataset(%L, $1) as r (%s)',
                c.named, d.name, c.typed
            )
        )
    ) as f (suffix, types, parameters, result, body)
    where d.name = dataset_functions.dataset and d.owners is not null;
end;

comment on function authz_private.dataset_functions(text) is
    'The four functions of a dataset with owners in schema paged: page, count, explain and export; '
    'no rows without owners.';
revoke all on function authz_private.dataset_functions(text) from public;
