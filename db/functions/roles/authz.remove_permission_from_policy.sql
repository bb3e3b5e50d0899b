-- Out of a deny is a grant, too; all that is in it has to be held anyway.

create or replace function authz.remove_permission_from_policy(policy_id int, permission_id int)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    subject authz.policies;
begin
    me := authz_private.begin_administration(
        (
            select o.tenant_id
            from authz.policies as o
            where o.id = remove_permission_from_policy.policy_id
        ),
        'policy_id'
    );
    subject := authz_private.administered_policy(me, remove_permission_from_policy.policy_id);
    delete from authz.policy_permissions as l
    where l.policy_id = subject.id
        and l.permission_id = remove_permission_from_policy.permission_id;
    return row(subject.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.remove_permission_from_policy(int, int) is
    'Removes a permission from a policy of the caller''s tenant. The caller must be allowed to '
    'edit the policy; does nothing if it is not there. 28000 if nobody is signed in; 42501 if '
    'that is not allowed or the object does not exist, and if the caller holds it.';
revoke all on function authz.remove_permission_from_policy(int, int) from public;
grant execute on function authz.remove_permission_from_policy(int, int) to fundwarden_app;
