-- As JSON, so that a permission is named by what it permits: its id may differ between cells.

create or replace function ops.tenant_rows(tenant_id int)
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
        select t.* from authz_private.tenant_tables() as t order by t.place
    loop
        return query execute format(
            'select %s, row_number() over (order by %s), %L, to_jsonb(t) %s from %s as t where %s',
            held.place, held.sorting, held.title,
            case
                when exists (
                    select
                    from pg_attribute as a
                    where a.attrelid = held.title::regclass
                        and a.attname = 'permission_id'
                        and not a.attisdropped
                ) then '- ''permission_id'' || jsonb_build_object(''permission'', ('
                'select to_jsonb(p) - ''id'' from authz.permissions as p '
                'where p.id = t.permission_id))'
            end,
            held.title, held.of_tenant
        )
        using tenant_rows.tenant_id;
    end loop;
end
$$;

comment on function ops.tenant_rows(int) is
    'All rows of a tenant, numbered within each table in an order in which they can be inserted.';
revoke all on function ops.tenant_rows(int) from public;
