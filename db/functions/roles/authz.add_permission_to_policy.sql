-- To add to a policy is to give to everybody who holds it or will.

create or replace function authz.add_permission_to_policy(policy_id int, permission_id int)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    subject authz.policies;
    root ltree;
begin
    me := authz_private.begin_administration(
        (
            select o.tenant_id
            from authz.policies as o
            where o.id = add_permission_to_policy.policy_id
        ),
        'policy_id'
    );
    subject := authz_private.administered_policy(me, add_permission_to_policy.policy_id);
    perform authz_private.require_permission_row(add_permission_to_policy.permission_id);
    if exists (
        select
        from authz.permissions as p
        where p.id = add_permission_to_policy.permission_id and p.scope = 'system'
    )
    then
        raise exception 'permission_id: the scope system is for platform roles'
            using errcode = '23514', hint = 'Use the scope organization.';
    end if;
    select n.path into root from authz.org_units as n where n.id = subject.tenant_id;
    perform authz_private.require_to_hold(
        me, array[add_permission_to_policy.permission_id], root, true, root, null
    );
    insert into authz.policy_permissions (policy_id, permission_id)
    values (subject.id, add_permission_to_policy.permission_id)
    on conflict do nothing;
    return row(subject.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.add_permission_to_policy(int, int) is
    'Adds a permission to a policy of the caller''s tenant. The caller must be allowed to edit '
    'the policy and must hold the permission throughout the tenant; does nothing if it is there '
    'already. 28000 if nobody is signed in; 42501 if that is not allowed or the object does not '
    'exist, and if the caller holds it; 22023 if there is no such permission; 23514 for the '
    'scope system.';
revoke all on function authz.add_permission_to_policy(int, int) from public;
grant execute on function authz.add_permission_to_policy(int, int) to fundwarden_app;
