-- In firing order.

create or replace trigger _100_policy_fits
before insert or update on authz.role_policies
for each row
execute function authz_private.tg_policy_fits();

create or replace trigger _950_audit_inserted
after insert on authz.role_policies
referencing new table as new_rows
for each statement
execute function authz_private.tg_audit('role_id,policy_id', 'role_id');

create or replace trigger _960_audit_updated
after update on authz.role_policies
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_audit('role_id,policy_id', 'role_id');

create or replace trigger _970_audit_deleted
after delete on authz.role_policies
referencing old table as old_rows
for each statement
execute function authz_private.tg_audit('role_id,policy_id', 'role_id');

create or replace trigger _980_audit_truncated
before truncate on authz.role_policies
for each statement
execute function authz_private.tg_audit('role_id,policy_id', 'role_id');

-- Also where session_replication_role is replica: no change of access goes unrecorded.
alter table authz.role_policies enable always trigger _950_audit_inserted;
alter table authz.role_policies enable always trigger _960_audit_updated;
alter table authz.role_policies enable always trigger _970_audit_deleted;
alter table authz.role_policies enable always trigger _980_audit_truncated;
