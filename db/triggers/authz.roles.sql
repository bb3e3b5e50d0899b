-- In firing order.

create or replace trigger _100_keep_tenant
before update of tenant_id on authz.roles
for each row
when (old.tenant_id is distinct from new.tenant_id)
execute function authz_private.tg_keep_tenant();

create or replace trigger _200_role_parent_on_insert
before insert on authz.roles
for each row
when (new.parent_role_id is not null)
execute function authz_private.tg_role_parent();

create or replace trigger _210_role_parent_on_update
before update of parent_role_id on authz.roles
for each row
when (new.parent_role_id is not null)
execute function authz_private.tg_role_parent();

create or replace trigger _300_exclusive_on_insert
after insert on authz.roles
for each row
when (new.parent_role_id is not null)
execute function authz_private.tg_exclusive_hierarchy();

create or replace trigger _310_exclusive_on_update
after update of parent_role_id on authz.roles
for each row
when (new.parent_role_id is not null)
execute function authz_private.tg_exclusive_hierarchy();

-- Separation of duties has no exception either, and the first of these orders its changes.
alter table authz.roles enable always trigger _200_role_parent_on_insert;
alter table authz.roles enable always trigger _210_role_parent_on_update;
alter table authz.roles enable always trigger _300_exclusive_on_insert;
alter table authz.roles enable always trigger _310_exclusive_on_update;
