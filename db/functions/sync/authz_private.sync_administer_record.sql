-- Records keep the numbers of the company, so they are inserted here and asked about afterwards,
-- as the functions for them do.

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
begin
    if change.kind = 'customer' then
        stated := stated || jsonb_build_object('manager_id', person);
        perform authz_private.check_owned_changes(
            scope.actor_id, scope.tenant_id, stated, '{"name": "text", "manager_id": "owner"}'
        );
        insert into finance.customers as c (tenant_id, id, name, manager_id, created_at)
        values (
            scope.tenant_id, change.target_id, coalesce(stated ->> 'name', ''), person,
            coalesce((change.after ->> 'created_at')::timestamptz, now())
        )
        returning c.* into customer;
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
        insert into finance.orders as o (tenant_id, id, handler_id, customer_id, created_at)
        values (
            scope.tenant_id, change.target_id, person, (stated ->> 'customer_id')::bigint,
            coalesce((change.after ->> 'created_at')::timestamptz, now())
        )
        returning o.* into sale;
        perform authz_private.require_to_touch(
            scope.actor_id, 'orders', 'create', sale.handler_id, sale.handler_unit_id, 'order', sale
        );
        perform authz_private.refuse_disclosure(scope.actor_id, null, sale);
    else
        if person is not null then
            stated := stated || jsonb_build_object('handle_by', person);
        end if;
        perform authz_private.check_fund_changes(scope.actor_id, scope.tenant_id, stated);
        insert into finance.financial_funds as f (
            tenant_id, id, handle_by, order_id, customer_id, amount, currency, status, created_at
        )
        values (
            scope.tenant_id, change.target_id, person, (stated ->> 'order_id')::bigint,
            (stated ->> 'customer_id')::bigint, (stated ->> 'amount')::numeric,
            coalesce(stated ->> 'currency', 'EUR'), coalesce(stated ->> 'status', 'open'),
            coalesce((change.after ->> 'created_at')::timestamptz, now())
        )
        returning f.* into fund;
        if not authz_private.may_touch_fund(scope.actor_id, 'create', fund) then
            perform authz_private.refuse_administration('fund');
        end if;
        perform authz_private.refuse_disclosure(scope.actor_id, null, fund);
    end if;
exception
    when unique_violation then
        raise exception 'id: already taken in this organisation'
            using errcode = '23505', hint = 'Change the record by its function.';
end
$$;

comment on function authz_private.sync_administer_record(
    authz_private.sync_scope, authz_private.sync_change, bigint
) is 'A new customer, order or fund of the plan of an administrator.';
revoke all on function authz_private.sync_administer_record(
    authz_private.sync_scope, authz_private.sync_change, bigint
) from public;
