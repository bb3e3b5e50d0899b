-- As JSON, so that a permission is named by what it permits: its id may differ between cells. A row
-- that was written after a snapshot has a transaction that is not older than the oldest which the
-- snapshot saw running. Some older rows have one, too: taking a row twice does no harm.

create or replace function ops.tenant_rows(
    tenant_id int, since pg_snapshot default null, with_last boolean default true
)
returns table (place int, number bigint, title text, content jsonb)
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set intervalstyle = 'postgres'
as $$
declare
    held record;
begin
    for held in
        select t.*
        from authz_private.tenant_tables() as t
        where tenant_rows.with_last or not t.is_last
        order by t.place
    loop
        return query execute format(
            'select %s, row_number() over (order by %s), %L, to_jsonb(t) %s from %s as t '
            'where %s %s',
            held.place, held.sorting, held.title,
            case
                when authz_private.names_permissions(held.title::regclass)
                    then '- ''permission_id'' || jsonb_build_object(''permission'', ('
                    'select to_jsonb(p) - ''id'' from authz.permissions as p '
                    'where p.id = t.permission_id))'
            end,
            held.title, held.of_tenant,
            case
                when tenant_rows.since is not null and not held.is_last
                    then 'and age(t.xmin) <= age($2)'
            end
        )
        using tenant_rows.tenant_id, pg_snapshot_xmin(tenant_rows.since)::xid;
    end loop;
end
$$;

comment on function ops.tenant_rows(int, pg_snapshot, boolean) is
    'All rows of a tenant, numbered within each table in an order in which they can be inserted; '
    'with since, at least those that were written after the snapshot. with_last: also the row and '
    'column permissions, always all of them.';
revoke all on function ops.tenant_rows(int, pg_snapshot, boolean) from public;
