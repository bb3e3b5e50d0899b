-- Called until it returns null: each trigger is dropped in a transaction of its own, as that keeps
-- readers of the table waiting.

create or replace function ops.end_departure(tenant_id int)
returns text
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    dropped text;
begin
    if exists (select from authz.org_units as u where u.tenant_id = end_departure.tenant_id) then
        raise exception 'rows of tenant % are not removed yet', tenant_id
            using errcode = '55000', hint = 'Call ops.release_tenant() first.';
    end if;
    select t.tgrelid::regclass::text
    into dropped
    from pg_trigger as t
    where t.tgname = '_990_departed_' || end_departure.tenant_id and t.tgparentid = 0
    order by 1
    limit 1;
    if found then
        execute format(
            'drop trigger %I on %s', '_990_departed_' || end_departure.tenant_id, dropped
        );
        return dropped;
    end if;
    delete from ops.moved_tenants as m
    where m.tenant_id = end_departure.tenant_id and m.state <> 'here';
    return null;
end
$$;

comment on function ops.end_departure(int) is
    'The last step after ops.release_tenant(), for one table a call: its name, or null when all is '
    'done and the tenant is forgotten. 55000 while there are rows of the tenant.';
revoke all on function ops.end_departure(int) from public;
