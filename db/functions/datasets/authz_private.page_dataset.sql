-- Behind paged.<dataset>() in joined storage: STABLE, so that the scope, the rules, the total and
-- the rows are of the one snapshot of the calling statement.

create or replace function authz_private.page_dataset(
    dataset text,
    page int,
    page_size int,
    sort_by text,
    sort_order text,
    filter jsonb,
    after jsonb,
    total text,
    supervisor_id bigint
)
returns setof record
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    target regclass;
    key_columns name [];
    request record;
    matches record;
    ties text;
    direction text;
begin
    select d.table_name into target from authz.datasets as d where d.name = page_dataset.dataset;
    key_columns := authz_private.key_columns(target);
    select r.*
    into request
    from authz_private.page_request(
        page_dataset.dataset, page, page_size, sort_by, sort_order, filter, after, total,
        supervisor_id
    ) as r;
    direction := case when request.descending then 'desc' else 'asc' end;
    ties := (
        select string_agg('m.k' || k.place, ', ' order by k.place)
        from generate_subscripts(key_columns, 1) as k (place)
    );
    select q.*
    into matches
    from authz_private.dataset_matches(
        page_dataset.dataset, request.subject_id, 'read',
        format('d.%I as s, ', request.sort_column) || (
            select string_agg(format('d.%I as k%s', k.name, k.place), ', ' order by k.place)
            from unnest(key_columns) with ordinality as k (name, place)
        ),
        request.condition, 1
    ) as q;
    return query execute format(
        'with m as (%s), '
        'p as (select * from m%s order by m.s %s, %s limit %s offset %s), '
        'r as (select m.*, row_number() over (order by m.s %s, %s) + %s as n from p as m) '
        'select r.n, %s::bigint, v.* from r '
        'cross join lateral (select %s from (select t.* from %s as t where %s) as d) as v '
        'order by r.n',
        matches.query,
        ' where ' || format(request.behind, 'm.s', ties),
        direction, ties, page_size, request.page_offset,
        direction, ties, request.page_offset,
        case when total = 'none' then 'null' else '(select count(*) from m)' end,
        authz_private.dataset_columns_as_seen(target, request.masks),
        target,
        (
            select string_agg(format('t.%I = r.k%s', k.name, k.place), ' and ' order by k.place)
            from unnest(key_columns) with ordinality as k (name, place)
        )
    )
    using matches.tenant_id, matches.unit_ids, request.subject_id;
end
$$;

comment on function authz_private.page_dataset(
    text, int, int, text, text, jsonb, jsonb, text, bigint
) is
    'One page of a dataset: row_number, total_count, and the columns of the table as the user '
    'sees them. An estimate is exact in joined storage. 22023 for an invalid argument, which the '
    'message names; 28000 if nobody is signed in; 42501 if the caller may not ask about that '
    'user.';
revoke all on function authz_private.page_dataset(
    text, int, int, text, text, jsonb, jsonb, text, bigint
) from public;
