-- As authz_private.administered_role, of policies.

create or replace function authz_private.administered_policy(actor_id bigint, policy_id int)
returns authz.policies
language plpgsql stable security invoker parallel restricted
as $$
declare
    subject authz.policies;
    root ext.ltree;
begin
    select o.*
    into subject
    from authz.policies as o
    inner join authz.users as u on u.id = actor_id and u.tenant_id = o.tenant_id
    where o.id = administered_policy.policy_id;
    if subject.id is null
        or not authz_private.may_act(actor_id, 'permissions', 'update', subject.tenant_id, true)
    then
        perform authz_private.refuse_administration('policy_id');
    end if;
    if authz_private.holds_policy(actor_id, subject.id) then
        raise exception 'policy_id: you hold the policy'
            using errcode = '42501', hint = 'Nobody edits what they hold: ask somebody else.';
    end if;
    select n.path into root from authz.org_units as n where n.id = subject.tenant_id;
    perform authz_private.require_to_hold(
        actor_id,
        array(
            select pp.permission_id
            from authz.policy_permissions as pp
            where pp.policy_id = subject.id
        ),
        root, true, root, null
    );
    return subject;
end
$$;

comment on function authz_private.administered_policy(bigint, int) is
    'The policy, where the acting user may edit it: of their own tenant, permissions:update '
    'throughout it, not held by them, and everything in it theirs to give. 42501 otherwise; '
    'hidden, absent and platform policies alike.';
revoke all on function authz_private.administered_policy(bigint, int) from public;
