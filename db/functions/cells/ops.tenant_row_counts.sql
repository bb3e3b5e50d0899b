-- Tells a move whether rows were deleted, at the price of counting.

create or replace function ops.tenant_row_counts(tenant_id int, with_last boolean default true)
returns jsonb
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    held record;
    counted bigint;
    row_counts jsonb := '{}';
begin
    for held in
        select t.*
        from authz_private.tenant_tables() as t
        where tenant_row_counts.with_last or not t.is_last
        order by t.place
    loop
        execute format('select count(*) from %s as t where %s', held.title, held.of_tenant)
        into counted
        using tenant_row_counts.tenant_id;
        row_counts := row_counts || jsonb_build_object(held.title, counted);
    end loop;
    return row_counts;
end
$$;

comment on function ops.tenant_row_counts(int, boolean) is
    'How many rows each table has of a tenant: {"finance.orders": 100}. with_last: also the '
    'row and column permissions.';
revoke all on function ops.tenant_row_counts(int, boolean) from public;
