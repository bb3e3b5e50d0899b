-- In firing order.

create or replace trigger _100_keep_tenant
before update of tenant_id on authz.policies
for each row
when (old.tenant_id is distinct from new.tenant_id)
execute function authz_private.tg_keep_tenant();

create or replace trigger _900_mark_everyone
after insert or update or delete or truncate on authz.policies
for each statement
execute function authz_private.tg_mark_everyone();

-- Also where session_replication_role is replica: an unmarked change would not be seen.
alter table authz.policies enable always trigger _900_mark_everyone;
