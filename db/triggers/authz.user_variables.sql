-- In firing order.

create or replace trigger _100_tenant_of_user
before insert or update on authz.user_variables
for each row
execute function authz_private.tg_tenant_of_user();

create or replace trigger _110_user_variable_fits
before insert or update on authz.user_variables
for each row
execute function authz_private.tg_user_variable_fits();
