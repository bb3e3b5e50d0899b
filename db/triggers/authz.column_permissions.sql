-- In firing order.

create or replace trigger _100_column_permission_fits
before insert or update on authz.column_permissions
for each row
execute function authz_private.tg_column_permission_fits();

-- Also where session_replication_role is replica: what is written there becomes SQL.
alter table authz.column_permissions enable always trigger _100_column_permission_fits;

create or replace trigger _200_compile_inserted
after insert on authz.column_permissions
referencing new table as new_rows
for each statement
execute function authz_private.tg_compile_datasets();

create or replace trigger _210_compile_updated
after update on authz.column_permissions
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_compile_datasets();

create or replace trigger _220_compile_deleted
after delete on authz.column_permissions
referencing old table as old_rows
for each statement
execute function authz_private.tg_compile_datasets();

create or replace trigger _230_compile_truncated
after truncate on authz.column_permissions
for each statement
execute function authz_private.tg_compile_datasets();
