-- In firing order.

create or replace trigger _200_compile_updated
after update on authz.settings
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_compile_datasets();
