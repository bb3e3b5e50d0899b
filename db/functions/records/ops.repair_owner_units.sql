-- In this order: a fund takes its units from orders and customers that are right by then.

create or replace function ops.repair_owner_units()
returns bigint
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    changed bigint;
    total bigint := 0;
    of_dataset record;
begin
    update finance.customers as c
    set manager_unit_id = u.base_unit_id
    from authz.users as u
    where c.tenant_id = u.tenant_id
        and c.manager_id = u.id
        and c.manager_unit_id <> u.base_unit_id;
    get diagnostics changed = row_count;
    total := total + changed;

    update finance.orders as o
    set handler_unit_id = u.base_unit_id
    from authz.users as u
    where o.tenant_id = u.tenant_id
        and o.handler_id = u.id
        and o.handler_unit_id <> u.base_unit_id;
    get diagnostics changed = row_count;
    total := total + changed;

    update finance.financial_funds as f
    set handler_unit_id = w.handler_unit_id,
        order_unit_id = w.order_unit_id,
        customer_unit_id = w.customer_unit_id
    from (
        select
            f.tenant_id,
            f.id,
            u.base_unit_id as handler_unit_id,
            o.handler_unit_id as order_unit_id,
            c.manager_unit_id as customer_unit_id
        from finance.financial_funds as f
        left join authz.users as u on f.tenant_id = u.tenant_id and f.handle_by = u.id
        left join finance.orders as o on f.tenant_id = o.tenant_id and f.order_id = o.id
        left join finance.customers as c on f.tenant_id = c.tenant_id and f.customer_id = c.id
        where f.handler_unit_id is distinct from u.base_unit_id
            or f.order_unit_id is distinct from o.handler_unit_id
            or f.customer_unit_id is distinct from c.manager_unit_id
    ) as w
    where f.tenant_id = w.tenant_id
        and f.id = w.id;
    get diagnostics changed = row_count;
    total := total + changed;

    for of_dataset in
        select d.name, w.wrong
        from authz.datasets as d
        cross join lateral authz_private.wrong_stored_owners(d.name, true) as w
        where d.storage = 'stored' and w.wrong > 0
        order by d.name
    loop
        perform authz.store_owners(of_dataset.name);
        total := total + of_dataset.wrong;
    end loop;
    return total;
end
$$;

comment on function ops.repair_owner_units() is
    'Writes the units of owners anew where a customer, an order or a fund has another, and '
    'returns how many it changed. Only the owner may call it; use it when '
    'ops.check_owner_units() reports a problem. Reads every row. Tables of a stored dataset '
    'with wrong owners are locked as by authz.store_owners().';
revoke all on function ops.repair_owner_units() from public;
