-- In firing order.

create or replace trigger _100_system_scope_fits
before insert or update on authz.policy_permissions
for each row
execute function authz_private.tg_system_scope_fits();
