-- A row can refer to another that is gone as well, or that will be changed to refer elsewhere.

create or replace function authz_private.delete_missing_rows(
    tenant_id int, removed_from text [], is_final boolean
)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
as $$
declare
    held record;
    matches text;
begin
    for held in
        select t.*
        from authz_private.tenant_tables() as t
        where t.title = any(removed_from)
        order by t.place desc
    loop
        select string_agg(format('t.%I = n.%I', k.name, k.name), ' and ')
        into matches
        from unnest(authz_private.key_columns(held.title::regclass)) as k (name);
        begin
            execute format(
                'delete from %1$s as t where %2$s and not exists ('
                'select from pg_temp.staying_rows as s '
                'cross join lateral jsonb_populate_record(null::%1$s, s.content) as n '
                'where s.title = %1$L and %3$s)',
                held.title, held.of_tenant, matches
            )
            using delete_missing_rows.tenant_id;
        exception
            when foreign_key_violation then
                if is_final then
                    raise;
                end if;
        end;
    end loop;
end
$$;

comment on function authz_private.delete_missing_rows(int, text [], boolean) is
    'Deletes the rows of a tenant that pg_temp.staying_rows does not name, from these tables. '
    'Unless is_final, a table whose rows are still referred to is left for later.';
revoke all on function authz_private.delete_missing_rows(int, text [], boolean) from public;
