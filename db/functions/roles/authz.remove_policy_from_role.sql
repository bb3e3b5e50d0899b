-- Out of a deny is a grant, too; all that is in it has to be held anyway.

create or replace function authz.remove_policy_from_role(role_id int, policy_id int)
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
            where r.id = remove_policy_from_role.role_id
        ),
        'role_id'
    );
    subject := authz_private.administered_role(me, remove_policy_from_role.role_id);
    delete from authz.role_policies as l
    where l.role_id = subject.id and l.policy_id = remove_policy_from_role.policy_id;
    return row(subject.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.remove_policy_from_role(int, int) is
    'Removes a policy from a role of the caller''s tenant. The caller must be allowed to edit '
    'the role; does nothing if it is not there. 28000 if nobody is signed in; 42501 if that is '
    'not allowed or the object does not exist, and if the caller holds it.';
revoke all on function authz.remove_policy_from_role(int, int) from public;
grant execute on function authz.remove_policy_from_role(int, int) to fundwarden_app;
