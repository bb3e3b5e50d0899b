-- The work is in authz_private.page_over_cells; this is the door.

create or replace function platform.page_funds(
    page int default 1,
    page_size int default 20,
    sort_by text default 'fund_id',
    sort_order text default 'ASC',
    min_amount numeric default null,
    max_amount numeric default null,
    status text default null,
    created_from timestamptz default null,
    created_to timestamptz default null,
    partial boolean default false
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
    status text,
    created_at timestamptz
)
language sql stable security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
begin atomic
    select
        p.missing,
        p.row_number,
        p.total_count,
        p.counted,
        p.cell,
        p.tenant,
        p.tenant_id,
        p.fund_id,
        p.handle_by,
        p.order_id,
        p.customer_id,
        p.amount,
        p.currency,
        p.fund_status,
        p.created_at
    from authz_private.page_over_cells($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as p;
end;

comment on function platform.page_funds(
    int, int, text, text, numeric, numeric, text, timestamptz, timestamptz, boolean
) is
    'One page of the funds of all cells, for the user signed in, who holds funds:read with the '
    'scope system, unconditionally and without a deny. Arguments, order and bounds as for '
    'finance.page_authorized_funds(); status is sorted by code points, ties by fund_id and '
    'tenant_id, and page times page_size is at most 100000. total_count is the sum of the exact '
    'totals of the cells, each of the snapshot of its rows. If a cell does not answer, or a '
    'tenant is in no cell while it is moved, FW102 names it; with partial the others answer: '
    'missing names what the answer lacks, total_count is null, and counted is the total of what '
    'answered; a page without rows is then one row of nulls with missing. 08006 names a cell that '
    'was lost while it was read; 0A000 where row or column permissions of funds are in force; '
    '22023 for an invalid argument; 28000 if nobody is signed in; 42501 without the permission; '
    '55000 if this is not the platform or no cells are connected.';
revoke all on function platform.page_funds(
    int, int, text, text, numeric, numeric, text, timestamptz, timestamptz, boolean
) from public;
grant execute on function platform.page_funds(
    int, int, text, text, numeric, numeric, text, timestamptz, timestamptz, boolean
) to fundwarden_app;
