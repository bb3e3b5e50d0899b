-- Only what could change an owner fires; a cascade that carries a transfer is already right.

create or replace trigger _100_owner_unit_on_insert
before insert on finance.orders
for each row
execute function authz_private.tg_owner_unit();

create or replace trigger _110_owner_unit_on_update
before update of tenant_id, handler_id, handler_unit_id on finance.orders
for each row
when (
    old.tenant_id is distinct from new.tenant_id
    or old.handler_id is distinct from new.handler_id
    or old.handler_unit_id is distinct from new.handler_unit_id
)
execute function authz_private.tg_owner_unit();
