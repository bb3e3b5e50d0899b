-- In firing order.

create or replace trigger _100_exclusive_pair_fits
before insert or update on authz.exclusive_roles
for each row
execute function authz_private.tg_exclusive_pair_fits();

create or replace trigger _200_nobody_holds_both
after insert or update on authz.exclusive_roles
for each row
execute function authz_private.tg_exclusive_hierarchy();

-- Also where session_replication_role is replica: separation of duties has no exception.
alter table authz.exclusive_roles enable always trigger _100_exclusive_pair_fits;
alter table authz.exclusive_roles enable always trigger _200_nobody_holds_both;

create or replace trigger _950_audit_inserted
after insert on authz.exclusive_roles
referencing new table as new_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _960_audit_updated
after update on authz.exclusive_roles
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _970_audit_deleted
after delete on authz.exclusive_roles
referencing old table as old_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _980_audit_truncated
before truncate on authz.exclusive_roles
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

-- Also where session_replication_role is replica: no change of access goes unrecorded.
alter table authz.exclusive_roles enable always trigger _950_audit_inserted;
alter table authz.exclusive_roles enable always trigger _960_audit_updated;
alter table authz.exclusive_roles enable always trigger _970_audit_deleted;
alter table authz.exclusive_roles enable always trigger _980_audit_truncated;
