-- Without the override what is set above holds again: a grant, perhaps.

create or replace function authz.reset_permission_template(unit_id int, permission_key text)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    unit authz.org_units;
    old_id bigint;
begin
    me := authz_private.begin_administration(
        (
            select n.tenant_id
            from authz.org_units as n
            where n.id = reset_permission_template.unit_id
        ),
        'unit_id'
    );
    unit := authz_private.administered_unit(
        me, 'permissions', 'delete', reset_permission_template.unit_id, true, 'unit_id'
    );
    perform authz_private.check_template_key(me, permission_key, unit.path);
    delete from authz.permission_templates as t
    where t.unit_id = unit.id and t.permission_key = reset_permission_template.permission_key
    returning t.id into old_id;
    return row(old_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.reset_permission_template(int, text) is
    'Removes the template of the key at the unit. Requires permissions:delete throughout it, and '
    'the caller must hold the resource and action of the key there; id is null where there was '
    'none. 28000 if nobody is signed in; 42501 if that is not allowed or the object does not '
    'exist, or if the caller does not hold it; 40001: retry.';
revoke all on function authz.reset_permission_template(int, text) from public;
grant execute on function authz.reset_permission_template(int, text) to fundwarden_app;
