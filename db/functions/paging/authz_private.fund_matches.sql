-- Inlined into its callers: the filters, said once. One test a row where there are none.

create or replace function authz_private.fund_matches(
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
    select fund_matches.is_filtered is not true
        or (
            (fund_matches.min_amount is null or fund_matches.amount >= fund_matches.min_amount)
            and (fund_matches.max_amount is null or fund_matches.amount <= fund_matches.max_amount)
            and (
                fund_matches.wanted_status is null
                or fund_matches.status = fund_matches.wanted_status
            )
            and (
                fund_matches.created_from is null
                or fund_matches.created_at >= fund_matches.created_from
            )
            and (
                fund_matches.created_to is null
                or fund_matches.created_at < fund_matches.created_to
            )
        );
end;

comment on function authz_private.fund_matches(
    numeric, text, timestamptz, boolean, numeric, numeric, text, timestamptz, timestamptz
) is
    'Whether a fund passes the filters: amounts and created_from included, created_to not; null '
    'means no limit.';
revoke all on function authz_private.fund_matches(
    numeric, text, timestamptz, boolean, numeric, numeric, text, timestamptz, timestamptz
) from public;
