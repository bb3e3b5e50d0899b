-- Inlined into its callers. First of the disjoint passes that make up a scope.

create or replace function authz_private.funds_handled_in(
    unit_ids int [],
    is_filtered boolean,
    min_amount numeric,
    max_amount numeric,
    wanted_status text,
    created_from timestamptz,
    created_to timestamptz
)
returns table (
    id bigint,
    handle_by bigint,
    order_id bigint,
    customer_id bigint,
    amount numeric,
    status text,
    created_at timestamptz,
    currency text,
    tenant_id int,
    handler_unit_id int,
    order_unit_id int,
    customer_unit_id int
)
language sql stable security invoker parallel safe
begin atomic
    select
        f.id,
        f.handle_by,
        f.order_id,
        f.customer_id,
        f.amount,
        f.status,
        f.created_at,
        f.currency,
        f.tenant_id,
        f.handler_unit_id,
        f.order_unit_id,
        f.customer_unit_id
    from finance.financial_funds as f
    where f.handler_unit_id = any(funds_handled_in.unit_ids)
        and authz_private.fund_matches(
            f.amount,
            f.status,
            f.created_at,
            funds_handled_in.is_filtered,
            funds_handled_in.min_amount,
            funds_handled_in.max_amount,
            funds_handled_in.wanted_status,
            funds_handled_in.created_from,
            funds_handled_in.created_to
        );
end;

comment on function authz_private.funds_handled_in(
    int [], boolean, numeric, numeric, text, timestamptz, timestamptz
) is 'Funds whose handler belongs to the units, filtered.';
revoke all on function authz_private.funds_handled_in(
    int [], boolean, numeric, numeric, text, timestamptz, timestamptz
) from public;
