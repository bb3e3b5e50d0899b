-- 100 cells: 2,000,000,000 fits an int, and 100,000,000,000,000 a double, as JSON readers have it.

create or replace function authz_private.cell_range(
    number int, is_small boolean, out first_id bigint, out last_id bigint
)
language sql immutable security invoker parallel safe
begin atomic
    select
        cell_range.number * s.size + 1,
        (cell_range.number + 1) * s.size
    from (
        select case when cell_range.is_small then 20000000 else 1000000000000 end
    ) as s (size);
end;

comment on function authz_private.cell_range(int, boolean) is
    'First and last id of a cell: of 20 million ids where the column is an int, of a trillion '
    'where it is a bigint.';
revoke all on function authz_private.cell_range(int, boolean) from public;
