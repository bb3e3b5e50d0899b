-- Fills what is omitted; a tenant that is given and wrong is refused by the foreign keys.

create or replace trigger _100_tenant_of_unit
before insert on authz.users
for each row
when (new.tenant_id is null)
execute function authz_private.tg_tenant_of_unit();

create or replace trigger _200_keep_tenant
before update of tenant_id on authz.users
for each row
when (old.tenant_id is distinct from new.tenant_id)
execute function authz_private.tg_keep_tenant();

create or replace trigger _300_references_of_new_users
after insert on authz.users
referencing new table as new_rows
for each statement
execute function authz_private.tg_owner_references();

create or replace trigger _310_references_of_new_codes
after update on authz.users
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_owner_references();

create or replace trigger _910_mark_updated
after update on authz.users
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_mark_changed_users();

create or replace trigger _920_mark_deleted
after delete on authz.users
referencing old table as old_rows
for each statement
execute function authz_private.tg_mark_changed_users();

create or replace trigger _930_mark_truncated
after truncate on authz.users
for each statement
execute function authz_private.tg_mark_everyone();

-- Also where session_replication_role is replica: an unmarked change would not be seen.
alter table authz.users enable always trigger _910_mark_updated;
alter table authz.users enable always trigger _920_mark_deleted;
alter table authz.users enable always trigger _930_mark_truncated;
