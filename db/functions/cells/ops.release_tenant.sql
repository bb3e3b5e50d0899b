-- In two transactions: deleting the row and column permissions locks the tables of the records.

create or replace function ops.release_tenant(tenant_id int, is_last boolean)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    held record;
    titles text [];
begin
    update ops.moved_tenants as m
    set removing = pg_current_xact_id()
    where m.tenant_id = release_tenant.tenant_id and m.state <> 'here';
    if not found then
        raise exception 'tenant % has not moved to another cell', coalesce(tenant_id::text, 'null')
            using errcode = '55000', hint = 'Its rows are those that are served.';
    end if;
    perform set_config('fundwarden.reason', 'moved to another cell', true);
    titles := array(
        select t.title
        from authz_private.tenant_tables() as t
        where t.is_last = release_tenant.is_last
    );
    insert into ops.departed_rows (tenant_id, place, number, title, content)
    select release_tenant.tenant_id, r.place, r.number, r.title, r.content
    from ops.moved_tenants as m
    cross join lateral ops.tenant_rows(m.tenant_id) as r
    where m.tenant_id = release_tenant.tenant_id
        and m.state = 'departed'
        and r.title = any(titles);
    for held in
        select t.*
        from authz_private.tenant_tables() as t
        where t.title = any(titles)
        order by t.place desc
    loop
        -- Who has signed in and waits to write keeps that row; it is of nobody then.
        execute format(
            'delete from %1$s as t where %2$s %3$s', held.title, held.of_tenant,
            case
                when held.title = 'authz_private.last_sign_ins' then
                    'and t.user_id in ('
                    'select s.user_id from authz_private.last_sign_ins as s '
                    'for update skip locked)'
            end
        )
        using release_tenant.tenant_id;
    end loop;
end
$$;

comment on function ops.release_tenant(int, boolean) is
    'Deletes the rows of a tenant that departed or that has not been admitted, which the log then '
    'says: of the tables with is_last first, then of the others. Those of a departed one stay in '
    'ops.departed_rows, for the owner. 55000 for a tenant that is here.';
revoke all on function ops.release_tenant(int, boolean) from public;
