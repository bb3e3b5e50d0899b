-- The main job. The work is in authz_private.page_funds; this is the door.

create or replace function finance.page_authorized_funds(
    supervisor_id bigint default null,
    page int default 1,
    page_size int default 20,
    sort_by text default 'fund_id',
    sort_order text default 'ASC',
    min_amount numeric default null,
    max_amount numeric default null,
    status text default null,
    created_from timestamptz default null,
    created_to timestamptz default null,
    total text default 'exact'
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
    status text,
    created_at timestamptz
)
language sql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
begin atomic
    select
        p.row_number,
        p.total_count,
        p.fund_id,
        p.handle_by,
        p.order_id,
        p.customer_id,
        p.amount,
        p.currency,
        p.fund_status,
        p.created_at
    from authz_private.page_funds($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) as p;
end;

comment on function finance.page_authorized_funds(
    bigint, int, int, text, text, numeric, numeric, text, timestamptz, timestamptz, text
) is
    'One page of the funds a user may read (funds:read), with the number of them all; rows and '
    'total are of one snapshot. supervisor_id: the user, null for the one signed in. page: from '
    '1. page_size: 1 to 10000 rows. sort_by: fund_id, amount, created_at, status, handle_by, '
    'order_id or customer_id; ties follow fund_id ascending. sort_order: ASC (nulls last) or '
    'DESC (nulls first). min_amount and max_amount are included, created_from is, created_to is '
    'not. total: exact; none, total_count is null and nothing is counted; estimate, total_count '
    'is as of finance.estimate_authorized_funds, and never less than the rows up to the end of '
    'the page. Beyond the last page there are no rows; finance.count_authorized_funds tells the '
    'total. 22023 for an invalid argument, which the message names; 28000 if nobody is signed '
    'in; 42501 if the caller may not ask about that user.';
revoke all on function finance.page_authorized_funds(
    bigint, int, int, text, text, numeric, numeric, text, timestamptz, timestamptz, text
) from public;
grant execute on function finance.page_authorized_funds(
    bigint, int, int, text, text, numeric, numeric, text, timestamptz, timestamptz, text
) to fundwarden_app, fundwarden_operator;
