-- Behind every paged.<dataset>(): STABLE, so that the scope, the rules, the total and the rows are
-- of the one snapshot of the calling statement.

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
    sort_column name;
    sort_type text;
    subject_id bigint;
    masks jsonb;
    matches record;
    selected text;
    ties text;
    direction text;
    key_values text [];
    sort_value text;
    behind text;
begin
    select d.table_name into target from authz.datasets as d where d.name = page_dataset.dataset;
    key_columns := authz_private.key_columns(target);
    perform authz_private.check_page(page, page_size, sort_order, total);
    if after is not null and page <> 1 then
        raise exception 'page must be 1 with after'
            using errcode = '22023', hint = 'after names the row that the page follows.';
    end if;
    subject_id := authz_private.user_in_question(supervisor_id, 'supervisor_id');
    masks := authz_private.dataset_masks(target, subject_id);

    select a.attname, format_type(a.atttypid, a.atttypmod)
    into sort_column, sort_type
    from pg_attribute as a
    where a.attrelid = target and a.attname = coalesce(sort_by, key_columns[1])
        and a.attnum > 0 and not a.attisdropped;
    if not found then
        raise exception 'sort_by % is not a column of %',
            quote_literal(left(sort_by, 100)), target
            using errcode = '22023', hint = 'Pass a column that has an index.';
    end if;
    if masks ? sort_column then
        raise exception 'sort_by %: the column is masked for this user', quote_literal(sort_column)
            using
                errcode = '22023',
                hint = 'Sort by columns that authz.explain_data_permissions() does not show as '
                    'masked or disabled.';
    end if;
    if not exists (
        select
        from pg_index as i
        inner join pg_class as c on i.indexrelid = c.oid
        inner join pg_am as m on c.relam = m.oid and m.amname = 'btree'
        inner join pg_attribute as a on i.indrelid = a.attrelid and i.indkey[0] = a.attnum
        where i.indrelid = target and i.indisvalid and i.indpred is null
            and a.attname = sort_column
    )
    then
        raise exception 'sort_by %: the column has no index', quote_literal(sort_column)
            using
                errcode = '22023',
                hint = format('create index on %s (%I)', target, sort_column);
    end if;

    direction := case when upper(sort_order) = 'DESC' then 'desc' else 'asc' end;
    ties := (
        select string_agg('m.k' || k.place, ', ' order by k.place)
        from generate_subscripts(key_columns, 1) as k (place)
    );
    selected := format('d.%I as s, ', sort_column) || (
        select string_agg(format('d.%I as k%s', k.name, k.place), ', ' order by k.place)
        from unnest(key_columns) with ordinality as k (name, place)
    );
    select q.*
    into matches
    from authz_private.dataset_matches(
        page_dataset.dataset, subject_id, 'read', selected,
        authz_private.dataset_condition(page_dataset.dataset, subject_id, filter, masks), 1
    ) as q;

    if after is not null then
        key_values := authz_private.row_key(
            'after', target,
            case when jsonb_typeof(after -> 'key') = 'object' then after -> 'key' else after end
        );
        if jsonb_typeof(after -> 'key') = 'object' then
            begin
                sort_value := format('%L::%s', after ->> 'sort', sort_type);
                execute 'select ' || sort_value;
            exception
                when data_exception then
                    raise exception 'after: % is no value of column %',
                        quote_literal(left(after ->> 'sort', 100)), sort_column
                        using
                            errcode = '22023', hint = format('Pass a value of type %s.', sort_type);
            end;
        else
            -- Only of a row that the user sees: a hidden one tells nothing by its place.
            sort_value := format(
                '(select m.s from m where (%s) = (%s))', ties, array_to_string(key_values, ', ')
            );
        end if;
        -- Nulls are last in ascending and first in descending order.
        behind := format(
            case direction
                when 'asc' then
                    'case when %1$s is null then m.s is null and (%2$s) > (%3$s) '
                    'else m.s > %1$s or m.s is null or m.s = %1$s and (%2$s) > (%3$s) end'
                else
                    'case when %1$s is null then m.s is not null or (%2$s) > (%3$s) '
                    'else m.s < %1$s or m.s = %1$s and (%2$s) > (%3$s) end'
            end,
            sort_value, ties, array_to_string(key_values, ', ')
        );
        if sort_value like '(select%' then
            behind := format(
                'exists (select from m where (%s) = (%s)) and (%s)',
                ties, array_to_string(key_values, ', '), behind
            );
        end if;
    end if;

    return query execute format(
        'with m as (%s), '
        'p as (select * from m%s order by m.s %s, %s limit %s offset %s), '
        'r as (select m.*, row_number() over (order by m.s %s, %s) + %s as n from p as m) '
        'select r.n, %s::bigint, v.* from r '
        'cross join lateral (select %s from (select t.* from %s as t where %s) as d) as v '
        'order by r.n',
        matches.query,
        ' where ' || behind,
        direction, ties, page_size, (page - 1)::bigint * page_size,
        direction, ties, (page - 1)::bigint * page_size,
        case when total = 'none' then 'null' else '(select count(*) from m)' end,
        authz_private.dataset_columns_as_seen(target, masks),
        target,
        (
            select string_agg(format('t.%I = r.k%s', k.name, k.place), ' and ' order by k.place)
            from unnest(key_columns) with ordinality as k (name, place)
        )
    )
    using matches.tenant_id, matches.unit_ids, subject_id;
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
