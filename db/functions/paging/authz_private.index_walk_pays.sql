-- Whether to set out on a walk at all, if the scope were spread evenly over the order.

create or replace function authz_private.index_walk_pays(
    matches float8, tenant_rows float8, page_end bigint, is_filtered boolean
)
returns boolean
language sql immutable security invoker parallel safe
begin atomic
    select
        page_end * tenant_rows / greatest(matches, 1)
        < authz_private.index_walk_limit(matches, page_end, is_filtered);
end;

comment on function authz_private.index_walk_pays(float8, float8, bigint, boolean) is
    'Whether a walk along a sort index up to the end of the page is expected to take fewer steps '
    'than authz_private.index_walk_limit allows.';
revoke all on function authz_private.index_walk_pays(float8, float8, bigint, boolean) from public;
