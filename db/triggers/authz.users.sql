-- Fills what is omitted; a tenant that is given and wrong is refused by the foreign keys.

create or replace trigger _100_tenant_of_unit
before insert on authz.users
for each row
when (new.tenant_id is null)
execute function authz_private.tg_tenant_of_unit();

create or replace trigger _200_keep_tenant
before update of tenant_id on authz.users
for each row
when (old.tenant_id is distinct from new.tenant_id)
execute function authz_private.tg_keep_tenant();
