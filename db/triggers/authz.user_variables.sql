-- In firing order.

create or replace trigger _100_tenant_of_user
before insert or update on authz.user_variables
for each row
execute function authz_private.tg_tenant_of_user();

create or replace trigger _110_user_variable_fits
before insert or update on authz.user_variables
for each row
execute function authz_private.tg_user_variable_fits();

create or replace trigger _950_audit_inserted
after insert on authz.user_variables
referencing new table as new_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _960_audit_updated
after update on authz.user_variables
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _970_audit_deleted
after delete on authz.user_variables
referencing old table as old_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _980_audit_truncated
before truncate on authz.user_variables
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

-- Also where session_replication_role is replica: no change of access goes unrecorded.
alter table authz.user_variables enable always trigger _950_audit_inserted;
alter table authz.user_variables enable always trigger _960_audit_updated;
alter table authz.user_variables enable always trigger _970_audit_deleted;
alter table authz.user_variables enable always trigger _980_audit_truncated;
