-- In firing order.

create or replace trigger _100_system_scope_fits
before insert or update on authz.policy_permissions
for each row
execute function authz_private.tg_system_scope_fits();

create or replace trigger _950_audit_inserted
after insert on authz.policy_permissions
referencing new table as new_rows
for each statement
execute function authz_private.tg_audit('policy_id,permission_id', 'policy_id');

create or replace trigger _960_audit_updated
after update on authz.policy_permissions
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_audit('policy_id,permission_id', 'policy_id');

create or replace trigger _970_audit_deleted
after delete on authz.policy_permissions
referencing old table as old_rows
for each statement
execute function authz_private.tg_audit('policy_id,permission_id', 'policy_id');

create or replace trigger _980_audit_truncated
before truncate on authz.policy_permissions
for each statement
execute function authz_private.tg_audit('policy_id,permission_id', 'policy_id');

-- Also where session_replication_role is replica: no change of access goes unrecorded.
alter table authz.policy_permissions enable always trigger _950_audit_inserted;
alter table authz.policy_permissions enable always trigger _960_audit_updated;
alter table authz.policy_permissions enable always trigger _970_audit_deleted;
alter table authz.policy_permissions enable always trigger _980_audit_truncated;
