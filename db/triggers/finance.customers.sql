-- Only what could change an owner fires; a cascade that carries a transfer is already right.

create or replace trigger _100_owner_unit_on_insert
before insert on finance.customers
for each row
execute function authz_private.tg_owner_unit();

create or replace trigger _110_owner_unit_on_update
before update of tenant_id, manager_id, manager_unit_id on finance.customers
for each row
when (
    old.tenant_id is distinct from new.tenant_id
    or old.manager_id is distinct from new.manager_id
    or old.manager_unit_id is distinct from new.manager_unit_id
)
execute function authz_private.tg_owner_unit();
