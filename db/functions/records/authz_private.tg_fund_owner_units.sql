-- See authz_private.tg_owner_unit; a fund has up to three owners, all of one tenant.

create or replace function authz_private.tg_fund_owner_units()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if new.tenant_id is null and new.handle_by is not null then
        select u.tenant_id into new.tenant_id from authz.users as u where u.id = new.handle_by;
    end if;
    if new.tenant_id is null then
        raise exception 'tenant_id of a fund without a known handler must be given'
            using errcode = '23502', hint = 'Pass tenant_id, or the id of a user as handle_by.';
    end if;

    new.handler_unit_id := null;
    if new.handle_by is not null then
        select u.base_unit_id
        into new.handler_unit_id
        from authz.users as u
        where u.tenant_id = new.tenant_id and u.id = new.handle_by
        for key share;
        if not found then
            raise exception 'handle_by % does not exist in tenant %', new.handle_by, new.tenant_id
                using errcode = '23503', hint = 'Pass the id of a user of the same tenant.';
        end if;
    end if;

    new.order_unit_id := null;
    if new.order_id is not null then
        select o.handler_unit_id
        into new.order_unit_id
        from finance.orders as o
        where o.tenant_id = new.tenant_id and o.id = new.order_id
        for key share;
        if not found then
            raise exception 'order_id % does not exist in tenant %', new.order_id, new.tenant_id
                using errcode = '23503', hint = 'Pass the id of an order of the same tenant.';
        end if;
    end if;

    new.customer_unit_id := null;
    if new.customer_id is not null then
        select c.manager_unit_id
        into new.customer_unit_id
        from finance.customers as c
        where c.tenant_id = new.tenant_id and c.id = new.customer_id
        for key share;
        if not found then
            raise exception 'customer_id % does not exist in tenant %',
                new.customer_id, new.tenant_id
                using errcode = '23503', hint = 'Pass the id of a customer of the same tenant.';
        end if;
    end if;
    return new;
end
$$;

comment on function authz_private.tg_fund_owner_units() is
    'Trigger: tenant and owner units of a fund from its handler, order and customer. 23503 an '
    'unknown owner; 23502 no tenant given and no handler to take it from.';
revoke all on function authz_private.tg_fund_owner_units() from public;
