-- In firing order.

create or replace trigger _100_variable_fits
before insert or update or delete on authz.variables
for each row
execute function authz_private.tg_variable_fits();
