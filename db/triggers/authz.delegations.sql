-- Also where session_replication_role is replica: separation of duties has no exception.

create or replace trigger _300_exclusive_on_insert
after insert on authz.delegations
referencing new table as new_rows
for each statement
execute function authz_private.tg_exclusive_delegations();

create or replace trigger _310_exclusive_on_update
after update on authz.delegations
referencing new table as new_rows
for each statement
execute function authz_private.tg_exclusive_delegations();

alter table authz.delegations enable always trigger _300_exclusive_on_insert;
alter table authz.delegations enable always trigger _310_exclusive_on_update;

create or replace trigger _950_audit_inserted
after insert on authz.delegations
referencing new table as new_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _960_audit_updated
after update on authz.delegations
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _970_audit_deleted
after delete on authz.delegations
referencing old table as old_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _980_audit_truncated
before truncate on authz.delegations
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

-- Also where session_replication_role is replica: no change of access goes unrecorded.
alter table authz.delegations enable always trigger _950_audit_inserted;
alter table authz.delegations enable always trigger _960_audit_updated;
alter table authz.delegations enable always trigger _970_audit_deleted;
alter table authz.delegations enable always trigger _980_audit_truncated;
