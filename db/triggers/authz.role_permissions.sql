-- In firing order.

create or replace trigger _100_system_scope_fits
before insert or update on authz.role_permissions
for each row
execute function authz_private.tg_system_scope_fits();

create or replace trigger _900_mark_everyone
after insert or update or delete or truncate on authz.role_permissions
for each statement
execute function authz_private.tg_mark_everyone();

-- Also where session_replication_role is replica: an unmarked change would not be seen.
alter table authz.role_permissions enable always trigger _900_mark_everyone;
