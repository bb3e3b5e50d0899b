-- What is not in this list was deleted.

create or replace function ops.tenant_keys(tenant_id int, titles text [])
returns table (title text, content jsonb)
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
as $$
declare
    held record;
begin
    for held in
        select t.*
        from authz_private.tenant_tables() as t
        where t.title = any(titles)
        order by t.place
    loop
        return query execute format(
            'select %L, jsonb_build_object(%s) from %s as t where %s',
            held.title,
            (
                select string_agg(
                    case k.name
                        when 'permission_id' then '''permission'', ('
                        'select to_jsonb(p) - ''id'' from authz.permissions as p '
                        'where p.id = t.permission_id)'
                        else format('%L, t.%I', k.name, k.name)
                    end,
                    ', '
                )
                from unnest(authz_private.key_columns(held.title::regclass)) as k (name)
            ),
            held.title, held.of_tenant
        )
        using tenant_keys.tenant_id;
    end loop;
end
$$;

comment on function ops.tenant_keys(int, text []) is
    'The primary keys of the rows that these tables have of a tenant; a permission is named by '
    'what it permits.';
revoke all on function ops.tenant_keys(int, text []) from public;
