-- One statement for each kind and action. The triggers and constraints of the model do the rest:
-- paths, owner units, marks of users, the log.

create or replace function authz_private.sync_write(scope authz_private.sync_scope)
returns authz_private.sync_scope
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set jit = off
set work_mem = '128MB'
as $$
#variable_conflict use_column
declare
    kinds text [];
begin
    analyze pg_temp.sync_work;
    kinds := array(
        select distinct w.kind from pg_temp.sync_work as w where w.action <> 'unchanged'
    );
    if kinds <> '{}' then
        update authz.tenants as t
        set tree_version = t.tree_version + 1
        where t.id = scope.tenant_id and t.xmin <> pg_current_xact_id()::xid;
    end if;
    if 'unit' = any(kinds) then
        scope := authz_private.sync_write_units(scope);
    end if;
    if 'role' = any(kinds) then
        perform authz_private.sync_write_roles(scope);
    end if;
    if 'person' = any(kinds) then
        perform authz_private.sync_write_people(scope);
    end if;
    if kinds && array['membership', 'grant'] then
        perform authz_private.sync_write_grants(scope);
    end if;
    if kinds && array['customer', 'order', 'fund'] then
        perform authz_private.sync_write_records(scope);
    end if;
    return scope;
end
$$;

comment on function authz_private.sync_write(authz_private.sync_scope) is
    'Applies the plan of the owner in pg_temp.sync_work; returns the scope with its tenant.';
revoke all on function authz_private.sync_write(authz_private.sync_scope) from public;
