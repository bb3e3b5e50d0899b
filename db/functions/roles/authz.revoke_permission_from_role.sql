-- Out of a deny is a grant, too; all that is in it has to be held anyway.

create or replace function authz.revoke_permission_from_role(role_id int, permission_id int)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    subject authz.roles;
begin
    me := authz_private.begin_administration(
        (
            select r.tenant_id
            from authz.roles as r
            where r.id = revoke_permission_from_role.role_id
        ),
        'role_id'
    );
    subject := authz_private.administered_role(me, revoke_permission_from_role.role_id);
    delete from authz.role_permissions as l
    where l.role_id = subject.id
        and l.permission_id = revoke_permission_from_role.permission_id;
    return row(subject.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.revoke_permission_from_role(int, int) is
    'Removes a permission from a role of the caller''s tenant. The caller must be allowed to '
    'edit the role; does nothing if it is not there. 28000 if nobody is signed in; 42501 if that '
    'is not allowed or the object does not exist, and if the caller holds it.';
revoke all on function authz.revoke_permission_from_role(int, int) from public;
grant execute on function authz.revoke_permission_from_role(int, int) to fundwarden_app;
