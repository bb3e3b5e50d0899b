create or replace trigger _100_template_lock
before insert or update on authz.permission_templates
for each row
execute function authz_private.tg_template_lock();

create or replace trigger _950_audit_inserted
after insert on authz.permission_templates
referencing new table as new_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _960_audit_updated
after update on authz.permission_templates
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _970_audit_deleted
after delete on authz.permission_templates
referencing old table as old_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _980_audit_truncated
before truncate on authz.permission_templates
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

-- Also where session_replication_role is replica: no change of access goes unrecorded.
alter table authz.permission_templates enable always trigger _950_audit_inserted;
alter table authz.permission_templates enable always trigger _960_audit_updated;
alter table authz.permission_templates enable always trigger _970_audit_deleted;
alter table authz.permission_templates enable always trigger _980_audit_truncated;
