-- Only the filters that are given reach the text, so that the planner sees only those.

create or replace function authz_private.fund_filter(
    min_amount numeric,
    max_amount numeric,
    status text,
    created_from timestamptz,
    created_to timestamptz
)
returns text
language sql immutable security invoker parallel safe
begin atomic
    select concat(
        case when min_amount is not null then ' and f.amount >= $6' end,
        case when max_amount is not null then ' and f.amount <= $7' end,
        case when status is not null then ' and f.status = $8' end,
        case when created_from is not null then ' and f.created_at >= $9' end,
        case when created_to is not null then ' and f.created_at < $10' end
    );
end;

comment on function authz_private.fund_filter(
    numeric, numeric, text, timestamptz, timestamptz
) is 'Conditions on finance.financial_funds f for the filters given, as parameters $6 to $10.';
revoke all on function authz_private.fund_filter(
    numeric, numeric, text, timestamptz, timestamptz
) from public;
