-- Fills what is omitted; a tenant that is given and wrong is refused by the foreign keys.

create or replace trigger _100_tenant_of_user
before insert on authz.user_roles
for each row
when (new.tenant_id is null)
execute function authz_private.tg_tenant_of_user();

create or replace trigger _200_role_fits
before insert or update of role_id, tenant_id on authz.user_roles
for each row
execute function authz_private.tg_role_fits();

create or replace trigger _300_exclusive_on_insert
after insert on authz.user_roles
referencing new table as new_rows
for each statement
execute function authz_private.tg_exclusive_grants();

create or replace trigger _310_exclusive_on_update
after update on authz.user_roles
referencing new table as new_rows
for each statement
execute function authz_private.tg_exclusive_grants();

-- Separation of duties has no exception either.
alter table authz.user_roles enable always trigger _300_exclusive_on_insert;
alter table authz.user_roles enable always trigger _310_exclusive_on_update;
