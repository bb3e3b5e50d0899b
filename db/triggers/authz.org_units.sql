-- In firing order.

create or replace trigger _100_refuse_path_write
before update of path, level on authz.org_units
for each statement
when (pg_trigger_depth() = 0)
execute function authz_private.tg_refuse_path_write();

create or replace trigger _150_register_kind
before insert or update of kind on authz.org_units
for each row
when (new.kind <> 'unit')
execute function authz_private.tg_register_kind();

create or replace trigger _200_place_on_insert
before insert on authz.org_units
for each row
execute function authz_private.tg_place_unit();

create or replace trigger _210_place_on_update
before update of id, tenant_id, parent_id, code on authz.org_units
for each row
when (
    old.id is distinct from new.id
    or old.tenant_id is distinct from new.tenant_id
    or old.parent_id is distinct from new.parent_id
    or old.code is distinct from new.code
)
execute function authz_private.tg_place_unit();

create or replace trigger _300_register_tenant
after insert on authz.org_units
for each row
when (new.parent_id is null)
execute function authz_private.tg_register_tenant();

create or replace trigger _965_rewrite_subtree
after update on authz.org_units
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_rewrite_subtree();
