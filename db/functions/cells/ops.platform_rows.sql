-- A few hundred rows. Permissions are named by what they permit: the same one may have another id
-- in a cell where somebody created it first.

create or replace function ops.platform_rows()
returns jsonb
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set intervalstyle = 'postgres'
as $$
declare
    platform record;
    found jsonb;
    all_rows jsonb := '{}';
    columns jsonb := '{}';
begin
    for platform in
        select p.* from authz_private.platform_tables() as p order by p.place
    loop
        execute format(
            'select coalesce(jsonb_agg(w.j order by w.j), ''[]'') from ('
            'select to_jsonb(t) %s as j from %s as t where %s) as w',
            case
                when right(platform.title, 12) = '_permissions' then
                    '- ''permission_id'' || jsonb_build_object(''permission'', ('
                    'select to_jsonb(p) - ''id'' from authz.permissions as p '
                    'where p.id = t.permission_id))'
            end,
            platform.title, platform.of_platform
        )
        into found;
        all_rows := all_rows || jsonb_build_object(platform.title, found);
        columns := columns || jsonb_build_object(
            platform.title,
            (
                select jsonb_agg(a.attname order by a.attname)
                from pg_attribute as a
                where a.attrelid = platform.title::regclass
                    and a.attnum > 0
                    and not a.attisdropped
            )
        );
    end loop;
    return jsonb_build_object(
        'version', left(encode(sha256(convert_to(all_rows::text, 'UTF8')), 'hex'), 32),
        'columns', columns,
        'rows', all_rows
    );
end
$$;

comment on function ops.platform_rows() is
    'What the cells take from the platform: roles, policies, permissions, resources, kinds, '
    'exclusive pairs, settings, and identity providers with their public keys, of no tenant. With '
    'a version, which differs when anything in it does.';
revoke all on function ops.platform_rows() from public;
