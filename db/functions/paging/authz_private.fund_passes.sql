-- Inlined into its callers: the filters, said once. One test a row where there are none.

create or replace function authz_private.fund_passes(
    amount numeric,
    status text,
    created_at timestamptz,
    is_filtered boolean,
    min_amount numeric,
    max_amount numeric,
    wanted_status text,
    created_from timestamptz,
    created_to timestamptz
)
returns boolean
language sql immutable security invoker parallel safe
begin atomic
    select fund_passes.is_filtered is not true
        or (
            (fund_passes.min_amount is null or fund_passes.amount >= fund_passes.min_amount)
            and (fund_passes.max_amount is null or fund_passes.amount <= fund_passes.max_amount)
            and (
                fund_passes.wanted_status is null
                or fund_passes.status = fund_passes.wanted_status
            )
            and (
                fund_passes.created_from is null
                or fund_passes.created_at >= fund_passes.created_from
            )
            and (
                fund_passes.created_to is null
                or fund_passes.created_at < fund_passes.created_to
            )
        );
end;

comment on function authz_private.fund_passes(
    numeric, text, timestamptz, boolean, numeric, numeric, text, timestamptz, timestamptz
) is
    'Whether a fund passes the filters: amounts and created_from included, created_to not; null '
    'means no limit.';
revoke all on function authz_private.fund_passes(
    numeric, text, timestamptz, boolean, numeric, numeric, text, timestamptz, timestamptz
) from public;
