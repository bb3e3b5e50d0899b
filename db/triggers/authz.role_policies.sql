-- In firing order.

create or replace trigger _100_policy_fits
before insert or update on authz.role_policies
for each row
execute function authz_private.tg_policy_fits();
