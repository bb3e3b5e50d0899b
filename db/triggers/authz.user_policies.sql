create or replace trigger _050_finite_window
before insert or update of valid_from, valid_until on authz.user_policies
for each row
when (not isfinite(new.valid_from) or not isfinite(new.valid_until))
execute function authz_private.tg_finite_window();

-- Also where session_replication_role is replica: readers rely on finite bounds.
alter table authz.user_policies enable always trigger _050_finite_window;

-- Fills what is omitted; a tenant that is given and wrong is refused by the foreign keys.

create or replace trigger _100_tenant_of_user
before insert on authz.user_policies
for each row
when (new.tenant_id is null)
execute function authz_private.tg_tenant_of_user();

create or replace trigger _200_grant_fits
before insert or update of policy_id, tenant_id on authz.user_policies
for each row
execute function authz_private.tg_policy_fits();

create or replace trigger _800_one_open_window_on_insert
after insert on authz.user_policies
referencing new table as new_rows
for each statement
execute function authz_private.tg_one_open_window();

create or replace trigger _810_one_open_window_on_update
after update on authz.user_policies
referencing new table as new_rows
for each statement
execute function authz_private.tg_one_open_window();

create or replace trigger _900_mark_inserted
after insert on authz.user_policies
referencing new table as new_rows
for each statement
execute function authz_private.tg_mark_users();

create or replace trigger _910_mark_updated
after update on authz.user_policies
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_mark_users();

create or replace trigger _920_mark_deleted
after delete on authz.user_policies
referencing old table as old_rows
for each statement
execute function authz_private.tg_mark_users();

create or replace trigger _930_mark_truncated
after truncate on authz.user_policies
for each statement
execute function authz_private.tg_mark_everyone();

-- Also where session_replication_role is replica: an unmarked change would not be seen.
alter table authz.user_policies enable always trigger _900_mark_inserted;
alter table authz.user_policies enable always trigger _910_mark_updated;
alter table authz.user_policies enable always trigger _920_mark_deleted;
alter table authz.user_policies enable always trigger _930_mark_truncated;

create or replace trigger _950_audit_inserted
after insert on authz.user_policies
referencing new table as new_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _960_audit_updated
after update on authz.user_policies
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _970_audit_deleted
after delete on authz.user_policies
referencing old table as old_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

create or replace trigger _980_audit_truncated
before truncate on authz.user_policies
for each statement
execute function authz_private.tg_audit('id', 'tenant_id');

-- Also where session_replication_role is replica: no change of access goes unrecorded.
alter table authz.user_policies enable always trigger _950_audit_inserted;
alter table authz.user_policies enable always trigger _960_audit_updated;
alter table authz.user_policies enable always trigger _970_audit_deleted;
alter table authz.user_policies enable always trigger _980_audit_truncated;
