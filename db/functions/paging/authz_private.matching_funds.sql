-- Inlined into its callers. The authorised set as disjoint passes, one per owner, each index-only
-- and each leaving out what an earlier one has: no hash of keys, no sort, and a fund reached three
-- ways is met once. Where the arguments are known to the planner, what is null vanishes.

create or replace function authz_private.matching_funds(
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
    select *
    from authz_private.funds_handled_in(
        matching_funds.unit_ids, matching_funds.is_filtered,
        matching_funds.min_amount, matching_funds.max_amount, matching_funds.wanted_status,
        matching_funds.created_from, matching_funds.created_to
    )
    union all
    select *
    from authz_private.funds_ordered_in(
        matching_funds.unit_ids, matching_funds.is_filtered,
        matching_funds.min_amount, matching_funds.max_amount, matching_funds.wanted_status,
        matching_funds.created_from, matching_funds.created_to
    )
    union all
    select *
    from authz_private.funds_managed_in(
        matching_funds.unit_ids, matching_funds.is_filtered,
        matching_funds.min_amount, matching_funds.max_amount, matching_funds.wanted_status,
        matching_funds.created_from, matching_funds.created_to
    )
    union all
    select *
    from authz_private.funds_owned_outside(
        matching_funds.tenant_id, matching_funds.unit_ids, matching_funds.owner_id,
        matching_funds.order_ids, matching_funds.customer_ids, matching_funds.is_filtered,
        matching_funds.min_amount, matching_funds.max_amount, matching_funds.wanted_status,
        matching_funds.created_from, matching_funds.created_to
    );
end;

comment on function authz_private.matching_funds(
    int, int [], bigint, bigint [], bigint [],
    boolean, numeric, numeric, text, timestamptz, timestamptz
) is
    'Funds in the units, and funds owned besides (authz_private.funds_owned_outside); filtered, '
    'each once.';
revoke all on function authz_private.matching_funds(
    int, int [], bigint, bigint [], bigint [],
    boolean, numeric, numeric, text, timestamptz, timestamptz
) from public;
