-- Behind platform.page_funds, whose status is both argument and result column.

create or replace function authz_private.page_over_cells(
    page int,
    page_size int,
    sort_by text,
    sort_order text,
    min_amount numeric,
    max_amount numeric,
    status text,
    created_from timestamptz,
    created_to timestamptz,
    partial boolean
)
returns table (
    missing text [],
    row_number bigint,
    total_count bigint,
    counted bigint,
    cell text,
    tenant text,
    tenant_id int,
    fund_id bigint,
    handle_by bigint,
    order_id bigint,
    customer_id bigint,
    amount numeric,
    currency text,
    fund_status text,
    created_at timestamptz
)
language plpgsql stable security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_variable
declare
    me bigint;
    told record;
    ruled text;
    names text [];
begin
    perform authz_private.check_page(page, page_size, sort_order, 'exact');
    if sort_by is null or sort_by <> all(authz_private.fund_sort_columns()) then
        raise exception 'sort_by % is not a column funds are sorted by',
            coalesce(quote_literal(left(sort_by, 100)), 'null')
            using
                errcode = '22023',
                hint = 'Pass one of: '
                || array_to_string(authz_private.fund_sort_columns(), ', ') || '.';
    end if;
    if partial is null then
        raise exception 'partial must be true or false'
            using errcode = '22023', hint = 'With true the answer may lack cells, which it names.';
    end if;
    perform authz_private.check_fund_filters(
        min_amount, max_amount, status, created_from, created_to
    );
    if page::bigint * page_size > 100000 then
        raise exception 'page % of % rows is too deep', page, page_size
            using
                errcode = '22023',
                hint = 'Every cell sends the rows up to the end of the page: ask for at most the '
                'first 100000, sort in the other direction, or set filters.';
    end if;

    me := authz.current_user_id();
    if me is null then
        raise exception 'nobody is signed in'
            using errcode = '28000', hint = 'Sign in within this transaction.';
    end if;
    -- Not by scope_of(): it spells out the tenants of this cell while one of them is being moved.
    if not (
        select
            coalesce(
                bool_or(h.effect = 'allow' and h.scope = 'system' and h.conditions is null)
                and not bool_or(h.effect = 'deny'),
                false
            )
        from authz_private.held_grants(me, 'funds', 'read') as h
        where h.anchor_path is not null
    ) then
        raise exception 'not allowed to read the funds of all cells'
            using
                errcode = '42501',
                hint = 'It takes funds:read with the scope system, without a condition, and no deny. '
                'Others ask finance.page_authorized_funds() in the cell of their tenant.';
    end if;

    select a.*
    into told
    from authz_private.ask_cells(
        authz_private.page_question(page, page_size, sort_by, sort_order),
        authz_private.page_branches(
            page, page_size, sort_by, sort_order,
            authz_private.fund_filter(min_amount, max_amount, status, created_from, created_to)
        )
    ) as a;

    -- Rules are about people of one cell, and so are their masks: nobody can apply them here.
    if authz_private.page_rules(me, 'finance.financial_funds') is not null
        or exists (select from authz_private.masked_columns(array[me], 'finance.financial_funds'))
    then
        select c.name into ruled from ops.cell as c;
    else
        select min(c.told ->> 'name')
        into ruled
        from jsonb_array_elements(told.cells) as c (told)
        where c.told ->> 'number' <> '0' and (c.told -> 'has_rules_of_funds')::boolean;
    end if;
    if ruled is not null then
        raise exception 'row or column permissions of funds are in force in cell %', ruled
            using
                errcode = '0A000',
                hint = 'Ask finance.page_authorized_funds() in each cell, which applies them.';
    end if;

    names := array(
        select
            case
                when m.problem ? 'tenant' then 'tenant ' || (m.problem ->> 'tenant')
                else 'cell ' || (m.problem ->> 'cell')
            end
        from jsonb_array_elements(told.missing) as m (problem)
        order by 1
    );
    if names <> '{}' and not partial then
        raise exception 'the answer would lack %', array_to_string(names, ', ')
            using
                errcode = 'FW102',
                detail = 'A cell that is named does not answer. A tenant that is named is being '
                'moved, and no cell holds it at this moment.',
                hint = 'Ask again later, or pass partial => true for what the others hold.';
    end if;

    return query
    select
        names,
        w.row_number,
        case when names = '{}' then (told.answer ->> 'total')::bigint end,
        (told.answer ->> 'total')::bigint,
        w.cell,
        t.code,
        w.tenant_id,
        w.id,
        w.handle_by,
        w.order_id,
        w.customer_id,
        w.amount,
        w.currency,
        w.status,
        w.created_at
    from jsonb_to_recordset(told.answer -> 'rows') as w (
        row_number bigint, cell text, tenant_id int, id bigint, handle_by bigint, order_id bigint,
        customer_id bigint, amount numeric, currency text, status text, created_at timestamptz
    )
    left join (
        select distinct on ((h.held ->> 'id')::int)
            (h.held ->> 'id')::int as id,
            h.held ->> 'code' as code
        from jsonb_array_elements(told.cells) as c (told)
        cross join jsonb_array_elements(c.told -> 'tenants') as h (held)
        order by (h.held ->> 'id')::int, h.held ->> 'state' = 'here' desc
    ) as t on w.tenant_id = t.id
    order by w.row_number;
    -- A page without rows would say that there are none.
    if not found and names <> '{}' then
        return query
        select
            names, null::bigint, null::bigint, (told.answer ->> 'total')::bigint, null::text,
            null::text, null::int, null::bigint, null::bigint, null::bigint, null::bigint,
            null::numeric, null::text, null::text, null::timestamptz;
    end if;
end
$$;

comment on function authz_private.page_over_cells(
    int, int, text, text, numeric, numeric, text, timestamptz, timestamptz, boolean
) is 'Rows of platform.page_funds(), with its errors.';
revoke all on function authz_private.page_over_cells(
    int, int, text, text, numeric, numeric, text, timestamptz, timestamptz, boolean
) from public;
