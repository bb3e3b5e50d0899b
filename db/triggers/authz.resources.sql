-- In firing order.

create or replace trigger _900_mark_everyone
after insert or update or delete or truncate on authz.resources
for each statement
execute function authz_private.tg_mark_everyone();

-- Also where session_replication_role is replica: an unmarked change would not be seen.
alter table authz.resources enable always trigger _900_mark_everyone;
