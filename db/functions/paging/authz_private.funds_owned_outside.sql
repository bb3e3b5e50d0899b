-- Inlined into its callers. What a user reaches by owning and not by unit: the rest of a scope.

create or replace function authz_private.funds_owned_outside(
    tenant_id int,
    unit_ids int [],
    owner_id bigint,
    order_ids bigint [],
    customer_ids bigint [],
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
    where f.tenant_id = funds_owned_outside.tenant_id
        and f.handle_by = funds_owned_outside.owner_id
        and (f.handler_unit_id = any(funds_owned_outside.unit_ids)) is not true
        and (f.order_unit_id = any(funds_owned_outside.unit_ids)) is not true
        and (f.customer_unit_id = any(funds_owned_outside.unit_ids)) is not true
        and authz_private.fund_matches(
            f.amount,
            f.status,
            f.created_at,
            funds_owned_outside.is_filtered,
            funds_owned_outside.min_amount,
            funds_owned_outside.max_amount,
            funds_owned_outside.wanted_status,
            funds_owned_outside.created_from,
            funds_owned_outside.created_to
        )
    union all
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
    where f.tenant_id = funds_owned_outside.tenant_id
        and f.order_id = any(funds_owned_outside.order_ids)
        and f.handle_by is distinct from funds_owned_outside.owner_id
        and (f.handler_unit_id = any(funds_owned_outside.unit_ids)) is not true
        and (f.order_unit_id = any(funds_owned_outside.unit_ids)) is not true
        and (f.customer_unit_id = any(funds_owned_outside.unit_ids)) is not true
        and authz_private.fund_matches(
            f.amount,
            f.status,
            f.created_at,
            funds_owned_outside.is_filtered,
            funds_owned_outside.min_amount,
            funds_owned_outside.max_amount,
            funds_owned_outside.wanted_status,
            funds_owned_outside.created_from,
            funds_owned_outside.created_to
        )
    union all
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
    where f.tenant_id = funds_owned_outside.tenant_id
        and f.customer_id = any(funds_owned_outside.customer_ids)
        and f.handle_by is distinct from funds_owned_outside.owner_id
        and (f.order_id = any(funds_owned_outside.order_ids)) is not true
        and (f.handler_unit_id = any(funds_owned_outside.unit_ids)) is not true
        and (f.order_unit_id = any(funds_owned_outside.unit_ids)) is not true
        and (f.customer_unit_id = any(funds_owned_outside.unit_ids)) is not true
        and authz_private.fund_matches(
            f.amount,
            f.status,
            f.created_at,
            funds_owned_outside.is_filtered,
            funds_owned_outside.min_amount,
            funds_owned_outside.max_amount,
            funds_owned_outside.wanted_status,
            funds_owned_outside.created_from,
            funds_owned_outside.created_to
        );
end;

comment on function authz_private.funds_owned_outside(
    int, int [], bigint, bigint [], bigint [],
    boolean, numeric, numeric, text, timestamptz, timestamptz
) is
    'Funds that the owner handles or that have one of the orders or customers, none of whose '
    'owners belongs to the units; filtered, each once. A null owner_id with null arrays owns '
    'nothing.';
revoke all on function authz_private.funds_owned_outside(
    int, int [], bigint, bigint [], bigint [],
    boolean, numeric, numeric, text, timestamptz, timestamptz
) from public;
