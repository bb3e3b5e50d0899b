-- In firing order.

create or replace trigger _100_keep_tenant
before update of tenant_id on authz.policies
for each row
when (old.tenant_id is distinct from new.tenant_id)
execute function authz_private.tg_keep_tenant();

create or replace trigger _950_audit_inserted
after insert on authz.policies
referencing new table as new_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _960_audit_updated
after update on authz.policies
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _970_audit_deleted
after delete on authz.policies
referencing old table as old_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _980_audit_truncated
before truncate on authz.policies
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

-- Also where session_replication_role is replica: no change of access goes unrecorded.
alter table authz.policies enable always trigger _950_audit_inserted;
alter table authz.policies enable always trigger _960_audit_updated;
alter table authz.policies enable always trigger _970_audit_deleted;
alter table authz.policies enable always trigger _980_audit_truncated;
