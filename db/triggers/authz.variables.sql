-- In firing order.

create or replace trigger _100_variable_fits
before insert or update or delete on authz.variables
for each row
execute function authz_private.tg_variable_fits();

create or replace trigger _950_audit_inserted
after insert on authz.variables
referencing new table as new_rows
for each statement
execute function authz_private.tg_audit('name');

create or replace trigger _960_audit_updated
after update on authz.variables
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_audit('name');

create or replace trigger _970_audit_deleted
after delete on authz.variables
referencing old table as old_rows
for each statement
execute function authz_private.tg_audit('name');

create or replace trigger _980_audit_truncated
before truncate on authz.variables
for each statement
execute function authz_private.tg_audit('name');

-- Also where session_replication_role is replica: no change of access goes unrecorded.
alter table authz.variables enable always trigger _950_audit_inserted;
alter table authz.variables enable always trigger _960_audit_updated;
alter table authz.variables enable always trigger _970_audit_deleted;
alter table authz.variables enable always trigger _980_audit_truncated;
