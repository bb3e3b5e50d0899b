-- Of customers, orders and funds the tenant is part of the key, and their numbers may be the
-- company's: they cannot collide. The log is never merged. Each table has an index on id, which
-- finds in no time that there is none.

create or replace function authz_private.ids_outside_cell(number int)
returns table (relation text, outside bigint, example bigint)
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    drawn record;
begin
    for drawn in
        select
            s.relation,
            s.has_tenant,
            own.first_id,
            own.last_id,
            platform.last_id as last_of_platform
        from authz_private.cell_sequences() as s
        cross join authz_private.cell_range(ids_outside_cell.number, s.is_small) as own
        cross join authz_private.cell_range(0, s.is_small) as platform
        where s.relation::text like 'authz.%'
        order by s.relation::text
    loop
        return query execute format(
            'select %L, count(*), min(o.id) from ('
            'select t.id::bigint as id from %s as t '
            'where (t.id < $1 or t.id > $2) and not (%s and t.id <= $3) %s limit 1000'
            ') as o having count(*) > 0',
            drawn.relation, drawn.relation,
            case when drawn.has_tenant then 't.tenant_id is null' else 'true' end,
            -- What came from another cell keeps its ids.
            case
                when drawn.has_tenant then 'and not exists ('
                'select from ops.moved_tenants as m where m.tenant_id = t.tenant_id)'
            end
        )
        using drawn.first_id, drawn.last_id, drawn.last_of_platform;
    end loop;
end
$$;

comment on function authz_private.ids_outside_cell(int) is
    'Tables of authz with rows whose id is not of the cell: how many, at most 1,000, and the least '
    'id. Rows of no tenant may have an id of the platform.';
revoke all on function authz_private.ids_outside_cell(int) from public;
