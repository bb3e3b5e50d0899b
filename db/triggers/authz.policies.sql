-- In firing order.

create or replace trigger _100_keep_tenant
before update of tenant_id on authz.policies
for each row
when (old.tenant_id is distinct from new.tenant_id)
execute function authz_private.tg_keep_tenant();
