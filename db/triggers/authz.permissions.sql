-- In firing order.

create or replace trigger _100_check_conditions
before insert or update of conditions on authz.permissions
for each row
when (new.conditions is not null)
execute function authz_private.tg_check_conditions();
