-- In firing order.

create or replace trigger _100_check_conditions
before insert or update of conditions on authz.permissions
for each row
when (new.conditions is not null)
execute function authz_private.tg_check_conditions();

create or replace trigger _950_audit_inserted
after insert on authz.permissions
referencing new table as new_rows
for each statement
execute function authz_private.tg_audit('id');

create or replace trigger _960_audit_updated
after update on authz.permissions
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_audit('id');

create or replace trigger _970_audit_deleted
after delete on authz.permissions
referencing old table as old_rows
for each statement
execute function authz_private.tg_audit('id');

create or replace trigger _980_audit_truncated
before truncate on authz.permissions
for each statement
execute function authz_private.tg_audit('id');

-- Also where session_replication_role is replica: no change of access goes unrecorded.
alter table authz.permissions enable always trigger _950_audit_inserted;
alter table authz.permissions enable always trigger _960_audit_updated;
alter table authz.permissions enable always trigger _970_audit_deleted;
alter table authz.permissions enable always trigger _980_audit_truncated;
