-- Behind finance.page_authorized_funds, whose status is both argument and result column: PL/pgSQL
-- refuses that, SQL does not.

create or replace function authz_private.page_funds(
    supervisor_id bigint,
    page int,
    page_size int,
    sort_by text,
    sort_order text,
    min_amount numeric,
    max_amount numeric,
    status text,
    created_from timestamptz,
    created_to timestamptz,
    total text
)
returns table (
    row_number bigint,
    total_count bigint,
    fund_id bigint,
    handle_by bigint,
    order_id bigint,
    customer_id bigint,
    amount numeric,
    currency text,
    fund_status text,
    created_at timestamptz
)
language plpgsql volatile security invoker parallel unsafe
set plan_cache_mode = force_generic_plan
set jit = off
as $$
#variable_conflict use_variable
declare
    descending boolean;
    sort_column constant text := case sort_by when 'fund_id' then 'id' else sort_by end;
    page_offset bigint;
    has_rules boolean;
begin
    perform authz_private.check_page(page, page_size, sort_order, total);
    if sort_by is null or sort_by <> all(authz_private.fund_sort_columns()) then
        raise exception 'sort_by % is not a column funds are sorted by',
            coalesce(quote_literal(left(sort_by, 100)), 'null')
            using
                errcode = '22023',
                hint = format(
                    'Pass %s or %s.',
                    array_to_string(trim_array(authz_private.fund_sort_columns(), 1), ', '),
                    (authz_private.fund_sort_columns())[
                        cardinality(authz_private.fund_sort_columns())
                    ]
                );
    end if;
    perform authz_private.check_fund_filters(
        min_amount, max_amount, status, created_from, created_to
    );
    descending := upper(sort_order) = 'DESC';
    page_offset := (page - 1)::bigint * page_size;

    -- Where nobody has rules about the columns and rows of funds, that is asked once.
    has_rules := exists (
        select from authz.datasets as d where d.table_name = 'finance.financial_funds'::regclass
    );
    if has_rules and authz_private.funds_are_masked() then
        return query
        select
            m.row_number,
            m.total_count,
            m.fund_id,
            m.handle_by,
            m.order_id,
            m.customer_id,
            m.amount,
            m.currency,
            m.fund_status,
            m.created_at
        from authz_private.masked_page(
            supervisor_id, page_offset, page_size, sort_by, descending,
            min_amount, max_amount, status, created_from, created_to, total
        ) as m;
        return;
    end if;
    if has_rules then
        perform authz_private.count_hidden_funds(
            supervisor_id, min_amount, max_amount, status, created_from, created_to
        );
    end if;

    -- One statement, and STABLE all below it: subject, scope, total and rows are of one snapshot.
    -- A screenful is held in memory: to fill and to empty the table takes longer than to find it.
    if page_size > 50 and authz_private.page_table_ready() then
        return query
        with k as (
            insert into pg_temp.fundwarden_page as t
            select
                page_offset + p.n as row_number,
                authz_private.requested_total(
                    total, q.total, page_offset, page_size, cardinality(q.key_1)
                ) as total_count,
                p.tenant_id,
                p.id as fund_id
            from authz_private.user_in_question(supervisor_id, 'supervisor_id') as u (id)
            cross join lateral authz_private.find_funds(
                u.id, 'read', page_offset, page_size, sort_column, descending,
                case
                    when has_rules then authz_private.page_rules(u.id, 'finance.financial_funds')
                end, null, null, total,
                min_amount, max_amount, status, created_from, created_to
            ) as q
            cross join lateral unnest(q.key_1, q.key_2)
                with ordinality as p (id, tenant_id, n)
            returning t.*
        )

        select
            k.row_number,
            k.total_count,
            f.id,
            f.handle_by,
            f.order_id,
            f.customer_id,
            f.amount,
            f.currency,
            f.status,
            f.created_at
        from k
        inner join finance.financial_funds as f on k.tenant_id = f.tenant_id and k.fund_id = f.id
        order by k.row_number;
    else
        return query
        with k as (
            select
                page_offset + p.n as row_number,
                authz_private.requested_total(
                    total, q.total, page_offset, page_size, cardinality(q.key_1)
                ) as total_count,
                p.tenant_id,
                p.id as fund_id
            from authz_private.user_in_question(supervisor_id, 'supervisor_id') as u (id)
            cross join lateral authz_private.find_funds(
                u.id, 'read', page_offset, page_size, sort_column, descending,
                case
                    when has_rules then authz_private.page_rules(u.id, 'finance.financial_funds')
                end, null, null, total,
                min_amount, max_amount, status, created_from, created_to
            ) as q
            cross join lateral unnest(q.key_1, q.key_2)
                with ordinality as p (id, tenant_id, n)
        )

        select
            k.row_number,
            k.total_count,
            f.id,
            f.handle_by,
            f.order_id,
            f.customer_id,
            f.amount,
            f.currency,
            f.status,
            f.created_at
        from k
        inner join finance.financial_funds as f on k.tenant_id = f.tenant_id and k.fund_id = f.id
        order by k.row_number;
    end if;
end
$$;

comment on function authz_private.page_funds(
    bigint, int, int, text, text, numeric, numeric, text, timestamptz, timestamptz, text
) is 'Rows of finance.page_authorized_funds, with its errors.';
revoke all on function authz_private.page_funds(
    bigint, int, int, text, text, numeric, numeric, text, timestamptz, timestamptz, text
) from public;
