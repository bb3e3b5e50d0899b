-- What a page or a count was asked for, checked, once for both storages.

create or replace function authz_private.page_request(
    dataset text,
    page int,
    page_size int,
    sort_by text,
    sort_order text,
    filter jsonb,
    after jsonb,
    total text,
    supervisor_id bigint,
    compiled_for text default null,
    out subject_id bigint,
    out page_offset bigint,
    out sort_column text,
    out descending boolean,
    out masks jsonb,
    out condition text,
    out begins text,
    out behind text
)
returns record
language plpgsql stable security invoker parallel restricted
as $$
declare
    wanted authz.datasets;
    key_columns name [];
    sort_type text;
    key_values text [];
    sort_value text;
    matches record;
    is_found boolean;
begin
    select d.* into wanted from authz.datasets as d where d.name = page_request.dataset;
    if to_regclass(compiled_for) is distinct from wanted.table_name and compiled_for is not null then
        raise exception 'dataset %: % is called % now', wanted.name, compiled_for, wanted.table_name
            using
                errcode = '55000',
                hint = 'The owner of the package repairs it: select authz.compile_datasets()';
    end if;
    key_columns := authz_private.key_columns(wanted.table_name);
    perform authz_private.check_page(page, page_size, sort_order, total);
    if after is not null and page <> 1 then
        raise exception 'page must be 1 with after'
            using errcode = '22023', hint = 'after names the row that the page follows.';
    end if;
    subject_id := authz_private.user_in_question(supervisor_id, 'supervisor_id');
    page_offset := (page - 1)::bigint * page_size;
    descending := upper(sort_order) = 'DESC';
    -- The masks of a user are read only if somebody has a mask.
    masks := case
        when exists (
            select
            from authz.column_permissions as p
            where p.dataset = wanted.name and p.is_active and p.mode <> 'visible'
        )
            then authz_private.dataset_masks(wanted.table_name, subject_id)
        else '{}'
    end;

    select a.attname, format_type(a.atttypid, a.atttypmod)
    into sort_column, sort_type
    from pg_attribute as a
    where a.attrelid = wanted.table_name
        and a.attname = coalesce(
            sort_by, authz_private.default_sort(wanted.table_name, wanted.tenant_column)
        )
        and a.attnum > 0 and not a.attisdropped
        and not authz_private.is_storage_column(a.attrelid, a.attname);
    if not found then
        raise exception 'sort_by % is not a column of %',
            quote_literal(left(sort_by, 100)), wanted.table_name
            using errcode = '22023', hint = 'Pass a column that has an index.';
    end if;
    if masks ? sort_column then
        raise exception 'sort_by %: the column is masked for this user', quote_literal(sort_column)
            using
                errcode = '22023',
                hint = 'Sort by columns that authz.explain_data_permissions() does not show as '
                    'masked or disabled.';
    end if;
    if not authz_private.is_sorted_by(wanted.table_name, wanted.tenant_column, sort_column) then
        raise exception 'sort_by %: the column has no index', quote_literal(sort_column)
            using
                errcode = '22023',
                hint = format('create index on %s (%I)', wanted.table_name, sort_column);
    end if;
    condition := authz_private.dataset_condition(
        page_request.dataset, subject_id, filter, masks
    );
    if after is null then
        return;
    end if;

    key_values := authz_private.row_key(
        'after', wanted.table_name,
        case when jsonb_typeof(after -> 'key') = 'object' then after -> 'key' else after end
    );
    if jsonb_typeof(after -> 'key') = 'object' then
        begin
            execute format('select %L::%s is null', after ->> 'sort', sort_type) into is_found;
        exception
            when data_exception then
                raise exception 'after: % is no value of column %',
                    quote_literal(left(after ->> 'sort', 100)), sort_column
                    using errcode = '22023', hint = format('Pass a value of type %s.', sort_type);
        end;
        sort_value := format('%L::%s', after ->> 'sort', sort_type);
        is_found := true;
    elsif sort_column = any(key_columns) then
        -- The place is known without the row.
        sort_value := key_values[array_position(key_columns, sort_column::name)];
        is_found := true;
    else
        -- Only of a row that the user sees: a hidden one tells nothing by its place.
        select q.*
        into matches
        from authz_private.dataset_matches(
            page_request.dataset, subject_id, 'read', format('d.%I as s', sort_column),
            concat_ws(
                ' and ', condition,
                (
                    select string_agg(format('d.%I = %s', k.name, k.value), ' and ')
                    from unnest(key_columns, key_values) as k (name, value)
                )
            ),
            1
        ) as q;
        execute format(
            'select true, format(%L, m.s) from (%s) as m',
            '%L::' || replace(sort_type, '%', '%%'), matches.query
        )
        into is_found, sort_value
        using matches.tenant_id, matches.unit_ids, subject_id;
    end if;
    if is_found is not true then
        behind := 'false';
        return;
    end if;
    -- A value may hold a percent sign, and behind is filled by format().
    behind := replace('(' || array_to_string(key_values, ', ') || ')', '%', '%%');
    -- Nulls are last in ascending and first in descending order.
    if sort_value like 'NULL::%' then
        begins := '%1$s is null';
        behind := case
            when descending then '(%1$s is not null or (%2$s) > ' || behind || ')'
            else '%1$s is null and (%2$s) > ' || behind
        end;
    else
        sort_value := replace(sort_value, '%', '%%');
        begins := format('%%1$s %s %s', case when descending then '<=' else '>=' end, sort_value);
        behind := format(
            case
                when descending then '(%%1$s < %1$s or %%1$s = %1$s and (%%2$s) > %2$s)'
                else '(%%1$s > %1$s or %%1$s is null or %%1$s = %1$s and (%%2$s) > %2$s)'
            end,
            sort_value, behind
        );
    end if;
end
$$;

comment on function authz_private.page_request(
    text, int, int, text, text, jsonb, jsonb, text, bigint, text
) is
    'The arguments of a page of a dataset, checked: the user, the offset, the column and direction '
    'of the sort, masks, the condition of the filter and of row rules, and where after begins. '
    'begins and behind are for format() with the sort column and the key columns; begins alone can '
    'be looked up in an index. 22023 for an invalid argument, which the message names; 28000 if '
    'nobody is signed in; 42501 if the caller may not ask about that user; 55000 if functions were '
    'compiled for a table (compiled_for) that has another name now.';
revoke all on function authz_private.page_request(
    text, int, int, text, text, jsonb, jsonb, text, bigint, text
) from public;
