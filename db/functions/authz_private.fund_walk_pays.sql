-- The planner cannot see how a scope lies in a sort order. Constants are microseconds a row,
-- measured; only their ratios matter.

create or replace function authz_private.fund_walk_pays(
    matches float8, tenant_funds float8, page_end bigint, is_filtered boolean
)
returns boolean
language sql immutable security invoker parallel safe
begin atomic
    select
        -- Rows passed until the page is full; filters are tested on the table's rows.
        page_end * tenant_funds / greatest(matches, 1)
        * case when is_filtered then 0.6 else 0.15 end
        -- The whole set; deep in it a full sort besides.
        < matches * case when page_end > 1000 then 0.5 else 0.2 end;
end;

comment on function authz_private.fund_walk_pays(float8, float8, bigint, boolean) is
    'Whether walking a sort index up to the end of the page costs less than gathering and sorting '
    'that many matches.';
revoke all on function authz_private.fund_walk_pays(float8, float8, bigint, boolean) from public;
