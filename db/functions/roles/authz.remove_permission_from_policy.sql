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
    'Takes a permission out of a policy of the own tenant, for whoever may edit the policy; '
    'nothing is done where it is not there. 28000 nobody; 42501 not allowed, hidden and absent '
    'alike, held by oneself.';
revoke all on function authz.remove_permission_from_policy(int, int) from public;
grant execute on function authz.remove_permission_from_policy(int, int) to fundwarden_app;
