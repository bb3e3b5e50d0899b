-- Made when a tenant departs and dropped when its rows are removed. The tenant is an argument: a
-- transaction that began before the departure does not see the row that tells of it.

create or replace function authz_private.tg_departed_tenant()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    departed_id constant int := tg_argv[0];
    changed jsonb;
    tenant_ids int [] := '{}';
begin
    foreach changed in array case tg_op
        when 'INSERT' then array[to_jsonb(new)]
        when 'DELETE' then array[to_jsonb(old)]
        else array[to_jsonb(old), to_jsonb(new)]
    end
    loop
        tenant_ids := tenant_ids || case
            when changed ? 'tenant_id' then (changed ->> 'tenant_id')::int
            when changed ? 'role_id' then (
                select r.tenant_id
                from authz.roles as r
                where r.id = (changed ->> 'role_id')::int
            )
            when changed ? 'policy_id' then (
                select p.tenant_id
                from authz.policies as p
                where p.id = (changed ->> 'policy_id')::int
            )
            when changed ? 'provider_id' then (
                select i.tenant_id
                from authz.identity_providers as i
                where i.id = (changed ->> 'provider_id')::int
            )
        end;
    end loop;
    if departed_id = any(tenant_ids)
        and not exists (
            select
            from ops.moved_tenants as m
            where m.tenant_id = departed_id and m.removing = pg_current_xact_id_if_assigned()
        )
    then
        raise exception 'this cell does not hold the tenant of the row any more'
            using
                errcode = 'FW101',
                hint = 'It moved to another cell: connect to the database named after it again.';
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end
$$;

comment on function authz_private.tg_departed_tenant() is
    'Trigger: refuses to write rows of the tenant in its argument, which moved to another cell. '
    'FW101.';
revoke all on function authz_private.tg_departed_tenant() from public;
