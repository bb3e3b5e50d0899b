-- What is not there cannot be written by a transaction that waited. The copy is for the owner.

create or replace function ops.release_tenant(tenant_id int, is_kept boolean)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    held record;
begin
    perform set_config('fundwarden.reason', 'moved to another cell', true);
    if is_kept then
        delete from ops.departed_rows as d where d.tenant_id = release_tenant.tenant_id;
        insert into ops.departed_rows (tenant_id, place, number, title, content)
        select release_tenant.tenant_id, r.place, r.number, r.title, r.content
        from ops.tenant_rows(release_tenant.tenant_id) as r;
    end if;
    for held in
        select t.* from authz_private.tenant_tables() as t order by t.place desc
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
    delete from ops.moved_tenants as m where m.tenant_id = release_tenant.tenant_id;
end
$$;

comment on function ops.release_tenant(int, boolean) is
    'Deletes all rows of a tenant, which the log then says; with is_kept they stay in '
    'ops.departed_rows, for the owner.';
revoke all on function ops.release_tenant(int, boolean) from public;
