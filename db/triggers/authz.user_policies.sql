-- Fills what is omitted; a tenant that is given and wrong is refused by the foreign keys.

create or replace trigger _100_tenant_of_user
before insert on authz.user_policies
for each row
when (new.tenant_id is null)
execute function authz_private.tg_tenant_of_user();

create or replace trigger _200_grant_fits
before insert or update of policy_id, tenant_id on authz.user_policies
for each row
execute function authz_private.tg_policy_fits();
