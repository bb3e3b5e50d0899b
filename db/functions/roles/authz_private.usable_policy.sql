-- As authz_private.usable_role, of policies.

create or replace function authz_private.usable_policy(policy_id int, tenant_id int)
returns authz.policies
language plpgsql stable security invoker parallel restricted
as $$
declare
    found_policy authz.policies;
begin
    select o.*
    into found_policy
    from authz.policies as o
    where o.id = usable_policy.policy_id
        and (o.tenant_id is null or o.tenant_id = usable_policy.tenant_id);
    if found_policy.id is null then
        perform authz_private.refuse_administration('policy_id');
    end if;
    return found_policy;
end
$$;

comment on function authz_private.usable_policy(int, int) is
    'The policy, of that tenant or of the platform. 42501 otherwise, hidden and missing objects '
    'alike.';
revoke all on function authz_private.usable_policy(int, int) from public;
