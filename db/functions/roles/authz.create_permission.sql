-- A permission gives nothing by itself, and is of no tenant: the same question, the same row.

create or replace function authz.create_permission(
    resource text, action text, scope authz.permission_scope, conditions jsonb default null
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    home int;
    root ltree;
    asked_path ltree;
    new_id int;
begin
    select u.tenant_id into home from authz.users as u where u.id = authz.current_user_id();
    me := authz_private.begin_administration(home, 'resource');
    select n.path into root from authz.org_units as n where n.id = home;
    if not authz_private.may_act(me, 'permissions', 'create', home, true) then
        perform authz_private.refuse_administration('resource');
    end if;
    perform authz_private.check_question(
        create_permission.resource, create_permission.action, '{}'
    );
    if create_permission.scope is null or create_permission.scope = 'system' then
        raise exception 'scope is none that a tenant can use'
            using errcode = '22023', hint = 'Pass own, team, region or organization.';
    end if;
    select r.path
    into asked_path
    from authz.resources as r
    where r.code = create_permission.resource;
    insert into authz.permissions (resource, action, scope, conditions)
    select
        asked_path,
        create_permission.action,
        create_permission.scope,
        create_permission.conditions
    -- Marked as a change for everyone, which finding one is not.
    where not exists (
        select
        from authz.permissions as p
        where p.resource operator (ext.=) asked_path
            and p.action = create_permission.action
            and p.scope = create_permission.scope
            and p.conditions is not distinct from create_permission.conditions
    )
    on conflict do nothing;
    select p.id
    into new_id
    from authz.permissions as p
    where p.resource operator (ext.=) asked_path
        and p.action = create_permission.action
        and p.scope = create_permission.scope
        and p.conditions is not distinct from create_permission.conditions;
    return row(new_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.create_permission(
    text, text, authz.permission_scope, jsonb
) is
    'Finds the permission, or makes it. Requires permissions:create throughout their tenant; '
    'resource is a code of the menu. 28000 if nobody is signed in; 42501 if that is not allowed '
    'or the object does not exist; 22023 unknown resource, no action, no scope, the scope '
    'system, invalid conditions.';
revoke all on function authz.create_permission(
    text, text, authz.permission_scope, jsonb
) from public;
grant execute on function authz.create_permission(
    text, text, authz.permission_scope, jsonb
) to fundwarden_app;
