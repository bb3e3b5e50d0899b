-- At most equal, not strictly below: the holders of the highest rank could otherwise be appointed
-- and removed by nobody but the owner, and no second of them could approve what the first asks for.

create or replace function authz_private.outranks(
    user_id bigint, rank int, place ext.ltree, is_subtree boolean
)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select outranks.rank is null or exists (
        select
        from authz_private.role_units(outranks.user_id) as r
        where r.rank >= outranks.rank
            and (
                r.inherit_to_descendants
                and r.unit_path operator (ext.@>) outranks.place
                or not outranks.is_subtree
                and r.unit_path operator (ext.=) outranks.place
            )
    );
end;

comment on function authz_private.outranks(bigint, int, ext.ltree, boolean) is
    'Whether the user holds a role of that rank or a higher one in the unit at the path, and '
    'below it with is_subtree. A null rank, of whoever holds no role, is outranked by '
    'everybody.';
revoke all on function authz_private.outranks(bigint, int, ext.ltree, boolean) from public;
