-- Who writes to these tables, or locks a row to do so, waits until the transaction ends; who reads,
-- reads on.

create or replace function ops.hold_tenant(tenant text)
returns int
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    held_id int;
    titles text;
    stuck text;
begin
    select string_agg(t.title, ', ' order by t.place)
    into titles
    from authz_private.tenant_tables() as t
    -- Signing in writes there, and must not wait.
    where t.title <> 'authz_private.last_sign_ins';
    execute format('lock table authz.tenants, %s in exclusive mode', titles);
    select u.id
    into held_id
    from authz.org_units as u
    where u.parent_id is null
        and u.code = hold_tenant.tenant
        and not exists (
            select from ops.moved_tenants as m where m.tenant_id = u.id and m.state = 'arriving'
        );
    if not found then
        raise exception 'tenant % is not in this cell', quote_nullable(left(tenant, 60))
            using errcode = '22023', hint = 'Pass the code of a root unit.';
    end if;
    -- Rows in tables of the company are not known to this list.
    select d.name
    into stuck
    from authz.datasets as d
    where d.tenant_id = held_id
    limit 1;
    if not found then
        select 'stored owners' into stuck
        from authz_private.owner_references as r
        where r.tenant_id = held_id
        limit 1;
    end if;
    if stuck is not null then
        raise exception 'tenant % has rows in registered tables: %', quote_literal(tenant), stuck
            using
                errcode = '55000',
                hint = 'Move these tables yourself, and withdraw the dataset here first.';
    end if;
    return held_id;
end
$$;

comment on function ops.hold_tenant(text) is
    'Keeps every tenant of the cell from being written until the end of the transaction, and '
    'returns the id of one. 22023 for a tenant that is not here; 55000 for one with rows in '
    'registered tables.';
revoke all on function ops.hold_tenant(text) from public;
