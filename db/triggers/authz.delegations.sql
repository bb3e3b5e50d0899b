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
