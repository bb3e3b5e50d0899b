-- Records keep the numbers of the company, so they are inserted here and asked about afterwards,
-- as the functions for them do. A number that is taken is told only to who may create the record:
-- else it would tell of records that are hidden.

create or replace function authz_private.sync_administer_record(
    scope authz_private.sync_scope, change authz_private.sync_change, person bigint
)
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    stated jsonb := change.after
        - array['manager_external_id', 'handler_external_id', 'created_at', 'number'];
    customer finance.customers;
    sale finance.orders;
    fund finance.financial_funds;
    home constant int := (select u.base_unit_id from authz.users as u where u.id = person);
    is_taken boolean := false;
begin
    if change.kind = 'customer' then
        stated := stated || jsonb_build_object('manager_id', person);
        perform authz_private.check_owned_changes(
            scope.actor_id, scope.tenant_id, stated, '{"name": "text", "manager_id": "owner"}'
        );
        customer.tenant_id := scope.tenant_id;
        customer.id := change.target_id;
        customer.name := coalesce(stated ->> 'name', '');
        customer.manager_id := person;
        customer.manager_unit_id := home;
        customer.created_at := coalesce((change.after ->> 'created_at')::timestamptz, now());
        begin
            insert into finance.customers as c (tenant_id, id, name, manager_id, created_at)
            values (
                customer.tenant_id, customer.id, customer.name, customer.manager_id,
                customer.created_at
            )
            returning c.* into customer;
        exception
            when unique_violation then
                is_taken := true;
        end;
        perform authz_private.require_to_touch(
            scope.actor_id, 'customers', 'create', customer.manager_id, customer.manager_unit_id,
            'customer', customer
        );
        perform authz_private.refuse_disclosure(scope.actor_id, null, customer);
    elsif change.kind = 'order' then
        stated := stated || jsonb_build_object('handler_id', person);
        perform authz_private.check_owned_changes(
            scope.actor_id, scope.tenant_id, stated,
            '{"handler_id": "owner", "customer_id": "customer"}'
        );
        sale.tenant_id := scope.tenant_id;
        sale.id := change.target_id;
        sale.customer_id := (stated ->> 'customer_id')::bigint;
        sale.handler_id := person;
        sale.handler_unit_id := home;
        sale.created_at := coalesce((change.after ->> 'created_at')::timestamptz, now());
        begin
            insert into finance.orders as o (tenant_id, id, handler_id, customer_id, created_at)
            values (
                sale.tenant_id, sale.id, sale.handler_id, sale.customer_id, sale.created_at
            )
            returning o.* into sale;
        exception
            when unique_violation then
                is_taken := true;
        end;
        perform authz_private.require_to_touch(
            scope.actor_id, 'orders', 'create', sale.handler_id, sale.handler_unit_id, 'order', sale
        );
        perform authz_private.refuse_disclosure(scope.actor_id, null, sale);
    else
        if person is not null then
            stated := stated || jsonb_build_object('handle_by', person);
        end if;
        perform authz_private.check_fund_changes(scope.actor_id, scope.tenant_id, stated);
        fund.tenant_id := scope.tenant_id;
        fund.id := change.target_id;
        fund.handle_by := person;
        fund.order_id := (stated ->> 'order_id')::bigint;
        fund.customer_id := (stated ->> 'customer_id')::bigint;
        fund.amount := (stated ->> 'amount')::numeric;
        fund.currency := coalesce(stated ->> 'currency', 'EUR');
        fund.status := coalesce(stated ->> 'status', 'open');
        fund.created_at := coalesce((change.after ->> 'created_at')::timestamptz, now());
        fund.handler_unit_id := home;
        fund.order_unit_id := (
            select o.handler_unit_id
            from finance.orders as o
            where o.tenant_id = scope.tenant_id and o.id = fund.order_id
        );
        fund.customer_unit_id := (
            select c.manager_unit_id
            from finance.customers as c
            where c.tenant_id = scope.tenant_id and c.id = fund.customer_id
        );
        begin
            insert into finance.financial_funds as f (
                tenant_id, id, handle_by, order_id, customer_id, amount, currency, status,
                created_at
            )
            values (
                fund.tenant_id, fund.id, fund.handle_by, fund.order_id, fund.customer_id,
                fund.amount, fund.currency, fund.status, fund.created_at
            )
            returning f.* into fund;
        exception
            when unique_violation then
                is_taken := true;
        end;
        if not authz_private.may_touch_fund(scope.actor_id, 'create', fund) then
            perform authz_private.refuse_administration('fund');
        end if;
        perform authz_private.refuse_disclosure(scope.actor_id, null, fund);
    end if;
    if is_taken then
        raise exception 'id: already taken in this organisation'
            using errcode = '23505', hint = 'Change the record by its function.';
    end if;
end
$$;

comment on function authz_private.sync_administer_record(
    authz_private.sync_scope, authz_private.sync_change, bigint
) is 'A new customer, order or fund of the plan of an administrator.';
revoke all on function authz_private.sync_administer_record(
    authz_private.sync_scope, authz_private.sync_change, bigint
) from public;
