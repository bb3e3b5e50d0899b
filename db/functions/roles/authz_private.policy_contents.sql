-- Inlined into its callers: what holding a policy directly means.

create or replace function authz_private.policy_contents(granted_policy_id int)
returns table (
    policy_name text,
    effect authz.policy_effect,
    priority int,
    permission_id int,
    policy_tenant_id int,
    refusal text
)
language sql stable security invoker parallel safe
begin atomic
    select
        o.name,
        o.effect,
        o.priority,
        pp.permission_id,
        o.tenant_id,
        case when not o.is_active then 'the policy is inactive' end
    from authz.policies as o
    inner join authz.policy_permissions as pp on o.id = pp.policy_id
    where o.id = policy_contents.granted_policy_id;
end;

comment on function authz_private.policy_contents(int) is
    'Permissions of a policy; refusal says why they count for nobody.';
revoke all on function authz_private.policy_contents(int) from public;

-- What was written out was made by the text before this one, and is not read until it is made anew.
update authz_private.expansion set guards_changed_by = '{}';
insert into authz_private.policy_marks (user_id) values (null);
