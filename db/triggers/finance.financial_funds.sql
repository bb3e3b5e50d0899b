-- Only what could change an owner fires; a cascade that carries a transfer is already right.

create or replace trigger _100_owner_units_on_insert
before insert on finance.financial_funds
for each row
execute function authz_private.tg_fund_owner_units();

create or replace trigger _110_owner_units_on_update
before update of
tenant_id, handle_by, order_id, customer_id, handler_unit_id, order_unit_id, customer_unit_id
on finance.financial_funds
for each row
when (
    old.tenant_id is distinct from new.tenant_id
    or old.handle_by is distinct from new.handle_by
    or old.order_id is distinct from new.order_id
    or old.customer_id is distinct from new.customer_id
    or old.handler_unit_id is distinct from new.handler_unit_id
    or old.order_unit_id is distinct from new.order_unit_id
    or old.customer_unit_id is distinct from new.customer_unit_id
)
execute function authz_private.tg_fund_owner_units();
