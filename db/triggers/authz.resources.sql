-- In firing order.

create or replace trigger _950_audit_inserted
after insert on authz.resources
referencing new table as new_rows
for each statement
execute function authz_private.tg_audit('path');

create or replace trigger _960_audit_updated
after update on authz.resources
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_audit('path');

create or replace trigger _970_audit_deleted
after delete on authz.resources
referencing old table as old_rows
for each statement
execute function authz_private.tg_audit('path');

create or replace trigger _980_audit_truncated
before truncate on authz.resources
for each statement
execute function authz_private.tg_audit('path');

-- Also where session_replication_role is replica: no change of access goes unrecorded.
alter table authz.resources enable always trigger _950_audit_inserted;
alter table authz.resources enable always trigger _960_audit_updated;
alter table authz.resources enable always trigger _970_audit_deleted;
alter table authz.resources enable always trigger _980_audit_truncated;
