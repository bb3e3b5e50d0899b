-- STABLE: the masks are of the snapshot of the rows. The list of columns is made for the user,
-- hence planned for each call, and the keys do not pass through the temporary table.

create or replace function authz_private.masked_page(
    supervisor_id bigint,
    page_offset bigint,
    page_size int,
    sort_by text,
    descending boolean,
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
language plpgsql stable security invoker parallel restricted
as $$
#variable_conflict use_variable
declare
    subject_id constant bigint := authz_private.user_in_question(supervisor_id, 'supervisor_id');
    masks constant jsonb := coalesce(
        authz_private.fund_masks(
            subject_id, sort_by, min_amount, max_amount, status, created_from, created_to
        ),
        '{}'
    );
    found_funds record;
begin
    select *
    into found_funds
    from authz_private.find_funds(
        subject_id, 'read', page_offset, page_size,
        case sort_by when 'fund_id' then 'id' else sort_by end, descending,
        authz_private.page_rules(subject_id, 'finance.financial_funds'), null, null, total,
        min_amount, max_amount, status, created_from, created_to
    );
    return query execute format(
        'select $1 + k.n, $2, %s from unnest($3, $4) with ordinality as k (of_fund, of_tenant, n) '
        'inner join finance.financial_funds as f on k.of_tenant = f.tenant_id and k.of_fund = f.id '
        'order by k.n',
        authz_private.fund_columns(masks)
    )
    using
        page_offset,
        authz_private.requested_total(
            total, found_funds.total, page_offset, page_size, cardinality(found_funds.key_1)
        ),
        found_funds.key_1,
        found_funds.key_2;
end
$$;

comment on function authz_private.masked_page(
    bigint, bigint, int, text, boolean, numeric, numeric, text, timestamptz, timestamptz, text
) is
    'A page of authorised funds as the user, and whoever asks, see its columns. 22023 when sorted '
    'or filtered by a masked one.';
revoke all on function authz_private.masked_page(
    bigint, bigint, int, text, boolean, numeric, numeric, text, timestamptz, timestamptz, text
) from public;
