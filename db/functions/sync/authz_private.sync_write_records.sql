-- Records keep the numbers of the company.

create or replace function authz_private.sync_write_records(scope authz_private.sync_scope)
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
begin
    update finance.customers as c
    set name = coalesce(w.after ->> 'name', c.name),
        manager_id = coalesce(p.user_id, c.manager_id),
        created_at = coalesce((w.after ->> 'created_at')::timestamptz, c.created_at)
    from pg_temp.sync_work as w
    left join authz_private.sync_known_people(scope) as p
        on w.after ->> 'manager_external_id' = p.code
    where w.kind = 'customer'
        and w.action in ('move', 'rename', 'change')
        and c.tenant_id = scope.tenant_id
        and c.id = w.target_id;

    insert into finance.customers (tenant_id, id, name, manager_id, created_at)
    select
        scope.tenant_id,
        w.target_id,
        coalesce(w.after ->> 'name', ''),
        p.user_id,
        coalesce((w.after ->> 'created_at')::timestamptz, now())
    from pg_temp.sync_work as w
    inner join authz_private.sync_known_people(scope) as p
        on w.after ->> 'manager_external_id' = p.code
    where w.kind = 'customer' and w.action = 'add';

    update finance.orders as o
    set handler_id = coalesce(p.user_id, o.handler_id),
        customer_id = coalesce((w.after ->> 'customer_id')::bigint, o.customer_id),
        created_at = coalesce((w.after ->> 'created_at')::timestamptz, o.created_at)
    from pg_temp.sync_work as w
    left join authz_private.sync_known_people(scope) as p
        on w.after ->> 'handler_external_id' = p.code
    where w.kind = 'order'
        and w.action in ('move', 'change')
        and o.tenant_id = scope.tenant_id
        and o.id = w.target_id;

    insert into finance.orders (tenant_id, id, handler_id, customer_id, created_at)
    select
        scope.tenant_id,
        w.target_id,
        p.user_id,
        (w.after ->> 'customer_id')::bigint,
        coalesce((w.after ->> 'created_at')::timestamptz, now())
    from pg_temp.sync_work as w
    inner join authz_private.sync_known_people(scope) as p
        on w.after ->> 'handler_external_id' = p.code
    where w.kind = 'order' and w.action = 'add';

    update finance.financial_funds as f
    set handle_by = coalesce(p.user_id, f.handle_by),
        order_id = coalesce((w.after ->> 'order_id')::bigint, f.order_id),
        customer_id = coalesce((w.after ->> 'customer_id')::bigint, f.customer_id),
        amount = coalesce((w.after ->> 'amount')::numeric, f.amount),
        currency = coalesce(w.after ->> 'currency', f.currency),
        status = coalesce(w.after ->> 'status', f.status),
        created_at = coalesce((w.after ->> 'created_at')::timestamptz, f.created_at)
    from pg_temp.sync_work as w
    left join authz_private.sync_known_people(scope) as p
        on w.after ->> 'handler_external_id' = p.code
    where w.kind = 'fund'
        and w.action in ('move', 'change')
        and f.tenant_id = scope.tenant_id
        and f.id = w.target_id;

    insert into finance.financial_funds (
        tenant_id, id, handle_by, order_id, customer_id, amount, currency, status, created_at
    )
    select
        scope.tenant_id,
        w.target_id,
        p.user_id,
        (w.after ->> 'order_id')::bigint,
        (w.after ->> 'customer_id')::bigint,
        (w.after ->> 'amount')::numeric,
        coalesce(w.after ->> 'currency', 'EUR'),
        coalesce(w.after ->> 'status', 'open'),
        coalesce((w.after ->> 'created_at')::timestamptz, now())
    from pg_temp.sync_work as w
    left join authz_private.sync_known_people(scope) as p
        on w.after ->> 'handler_external_id' = p.code
    where w.kind = 'fund' and w.action = 'add';
end
$$;

comment on function authz_private.sync_write_records(authz_private.sync_scope) is
    'Applies the plan for customers, orders and funds.';
revoke all on function authz_private.sync_write_records(authz_private.sync_scope) from public;
