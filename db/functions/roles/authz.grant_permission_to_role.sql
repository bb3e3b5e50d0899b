-- To add to a role is to give to everybody who holds it or will.

create or replace function authz.grant_permission_to_role(role_id int, permission_id int)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    subject authz.roles;
    root ltree;
begin
    me := authz_private.begin_administration(
        (
            select r.tenant_id
            from authz.roles as r
            where r.id = grant_permission_to_role.role_id
        ),
        'role_id'
    );
    subject := authz_private.administered_role(me, grant_permission_to_role.role_id);
    perform authz_private.require_permission_row(grant_permission_to_role.permission_id);
    if exists (
        select
        from authz.permissions as p
        where p.id = grant_permission_to_role.permission_id and p.scope = 'system'
    )
    then
        raise exception 'permission_id: the scope system is for platform roles'
            using errcode = '23514', hint = 'Use the scope organization.';
    end if;
    select n.path into root from authz.org_units as n where n.id = subject.tenant_id;
    perform authz_private.require_to_hold(
        me, array[grant_permission_to_role.permission_id], root, true, root, null
    );
    if authz_private.role_requires_approval(subject.id)
        and exists (
            select
            from authz_private.roles_below(subject.id) as b
            inner join authz.user_roles as ur on b.id = ur.role_id
            where ur.valid_until is null or ur.valid_until > authz.clock()
        )
    then
        raise exception 'role_id: it requires approval, and is held already'
            using errcode = '23514', hint = 'Make another role, and have it approved.';
    end if;
    insert into authz.role_permissions (role_id, permission_id)
    values (subject.id, grant_permission_to_role.permission_id)
    on conflict do nothing;
    return row(subject.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.grant_permission_to_role(int, int) is
    'Adds a permission to a role of the caller''s tenant. The caller must be allowed to edit the '
    'role and must hold the permission throughout the tenant; does nothing if it is there '
    'already. 28000 if nobody is signed in; 42501 if that is not allowed or the object does not '
    'exist, and if the caller holds it; 22023 if there is no such permission; 23514 for the '
    'scope system; a held role that requires approval.';
revoke all on function authz.grant_permission_to_role(int, int) from public;
grant execute on function authz.grant_permission_to_role(int, int) to fundwarden_app;
