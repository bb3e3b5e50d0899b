-- Equal in both cells, the tenant arrived whole. Columns go by name: a database that was upgraded
-- may have them in another order.

create or replace function ops.tenant_digests(tenant_id int, with_last boolean default true)
returns table (title text, row_count bigint, digest text)
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
as $$
#variable_conflict use_column
declare
    held record;
    columns text;
begin
    for held in
        select t.*
        from authz_private.tenant_tables() as t
        where (tenant_digests.with_last or not t.is_last)
            -- Signing in goes on while a tenant moves.
            and t.title <> 'authz_private.last_sign_ins'
        order by t.place
    loop
        select string_agg(
            case
                when a.attname = 'permission_id' then '('
                'select to_jsonb(p) - ''id'' from authz.permissions as p '
                'where p.id = t.permission_id)'
                else format('t.%I', a.attname)
            end,
            ', ' order by a.attname
        )
        into columns
        from pg_attribute as a
        where a.attrelid = held.title::regclass and a.attnum > 0 and not a.attisdropped;
        return query execute format(
            'select %1$L, count(*), md5(string_agg(r.hash, '''' order by r.hash collate "C")) '
            'from (select md5(row(%2$s)::text) as hash from %1$s as t where %3$s) as r '
            'having count(*) > 0',
            held.title, columns, held.of_tenant
        )
        using tenant_digests.tenant_id;
    end loop;
end
$$;

comment on function ops.tenant_digests(int, boolean) is
    'How many rows each table has of a tenant, and a digest over them; without the days of the '
    'last sign-ins, which go on while a tenant moves. with_last: also the row and column '
    'permissions.';
revoke all on function ops.tenant_digests(int, boolean) from public;
