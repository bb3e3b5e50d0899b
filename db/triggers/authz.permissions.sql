-- In firing order.

create or replace trigger _100_check_conditions
before insert or update of conditions on authz.permissions
for each row
when (new.conditions is not null)
execute function authz_private.tg_check_conditions();

create or replace trigger _900_mark_everyone
after insert or update or delete or truncate on authz.permissions
for each statement
execute function authz_private.tg_mark_everyone();

-- Also where session_replication_role is replica: an unmarked change would not be seen.
alter table authz.permissions enable always trigger _900_mark_everyone;
