-- For statements that are planned for their values; authz_private.fund_matches() says the same of
-- variables.

create or replace function authz_private.fund_filter(
    min_amount numeric,
    max_amount numeric,
    wanted_status text,
    created_from timestamptz,
    created_to timestamptz
)
returns text
language sql stable security invoker parallel safe
begin atomic
    select nullif(
        concat_ws(
            ' and '::text,
            'd.amount >= '::text || quote_literal(fund_filter.min_amount) || '::numeric'::text,
            'd.amount <= '::text || quote_literal(fund_filter.max_amount) || '::numeric'::text,
            'd.status = '::text || quote_literal(fund_filter.wanted_status),
            'd.created_at >= '::text || quote_literal(fund_filter.created_from)
            || '::timestamptz'::text,
            'd.created_at < '::text || quote_literal(fund_filter.created_to)
            || '::timestamptz'::text
        ),
        ''::text
    );
end;

comment on function authz_private.fund_filter(numeric, numeric, text, timestamptz, timestamptz) is
    'The filters of a page of funds as SQL over finance.financial_funds as d; null: none. Amounts '
    'and created_from are included, created_to is not.';
revoke all on function authz_private.fund_filter(
    numeric, numeric, text, timestamptz, timestamptz
) from public;
