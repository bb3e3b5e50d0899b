-- The planner cannot see how a scope lies in a sort order. Constants are microseconds a row,
-- measured; only their ratios matter.

create or replace function authz_private.index_walk_limit(
    matches float8, page_end bigint, is_filtered boolean
)
returns bigint
language sql immutable security invoker parallel safe
begin atomic
    select ceil(
        -- Gathering the whole set; for a page deep in it a full sort besides.
        matches * case when page_end > 1000 then 0.5 else 0.2 end
        -- A step of the walk; filters are tested on the table's rows.
        / case when is_filtered then 0.6 else 0.15 end
    )::bigint;
end;

comment on function authz_private.index_walk_limit(float8, bigint, boolean) is
    'Steps along a sort index that cost as much as gathering and sorting that many matches.';
revoke all on function authz_private.index_walk_limit(float8, bigint, boolean) from public;
