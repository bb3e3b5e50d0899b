-- Asked before a copy that takes minutes, and once more when nobody writes.

create or replace function ops.movable_tenant(tenant text)
returns int
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    held_id int;
    stuck text;
begin
    select u.id
    into held_id
    from authz.org_units as u
    where u.parent_id is null
        and u.code = movable_tenant.tenant
        and not exists (
            select from ops.moved_tenants as m where m.tenant_id = u.id and m.state <> 'here'
        );
    if not found then
        raise exception 'tenant % is not in this cell', quote_nullable(left(tenant, 60))
            using errcode = '22023', hint = 'Pass the code of a root unit.';
    end if;
    -- Rows in tables of the company are not known to the list of tables.
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

comment on function ops.movable_tenant(text) is
    'The id of a tenant that can move to another cell. 22023 for a tenant that is not here; 55000 '
    'for one with rows in registered tables.';
revoke all on function ops.movable_tenant(text) from public;
