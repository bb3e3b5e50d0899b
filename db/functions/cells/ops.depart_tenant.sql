-- The commit of this decides a move. Writers who waited for it find the triggers.

create or replace function ops.depart_tenant(tenant_id int, to_cell int)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    held record;
begin
    insert into ops.moved_tenants as m (tenant_id, from_cell, to_cell, state, removing)
    select
        depart_tenant.tenant_id,
        c.number,
        depart_tenant.to_cell,
        'departed',
        pg_current_xact_id()
    from ops.cell as c
    on conflict on constraint moved_tenants_pkey do update
    set to_cell = excluded.to_cell,
        state = 'departed',
        moved_at = statement_timestamp(),
        removing = excluded.removing;
    delete from ops.departed_rows as d where d.tenant_id = depart_tenant.tenant_id;
    for held in
        select t.*
        from authz_private.tenant_tables() as t
        where t.title <> 'authz_private.last_sign_ins'
        order by t.place
    loop
        -- After the triggers that fill in the tenant.
        execute format(
            'create or replace trigger %I before insert or update or delete on %s '
            'for each row execute function authz_private.tg_departed_tenant(%s)',
            '_990_departed_' || depart_tenant.tenant_id, held.title, depart_tenant.tenant_id
        );
        execute format(
            'alter table %s enable always trigger %I',
            held.title, '_990_departed_' || depart_tenant.tenant_id
        );
    end loop;
    perform audit.record(
        'DEPART_TENANT',
        jsonb_build_object('tenant_id', tenant_id, 'to_cell', to_cell)
    );
end
$$;

comment on function ops.depart_tenant(int, int) is
    'Lets a tenant go to another cell, which has its rows already: nobody can sign in as its users '
    'here or write its rows any more. ops.release_tenant() and ops.end_departure() remove it.';
revoke all on function ops.depart_tenant(int, int) from public;
