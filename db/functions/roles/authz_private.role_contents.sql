-- Inlined into its callers: what holding a role means, told once for decisions, explanations and
-- the past.

create or replace function authz_private.role_contents(granted_role_id int)
returns table (
    assignment_type text,
    role_id int,
    role_path text,
    policy_id int,
    policy_name text,
    effect authz.policy_effect,
    priority int,
    permission_id int,
    role_tenant_id int,
    policy_tenant_id int,
    refusal text
)
language sql stable security invoker parallel safe
begin atomic
    select
        'role_permission'::text as assignment_type,
        l.ancestor_id as role_id,
        l.role_path,
        null::int as policy_id,
        null::text as policy_name,
        'allow'::authz.policy_effect as effect,
        0 as priority,
        rp.permission_id,
        r.tenant_id as role_tenant_id,
        null::int as policy_tenant_id,
        l.refusal
    from authz.roles as r
    cross join lateral authz_private.role_lineage(role_contents.granted_role_id) as l
    inner join authz.role_permissions as rp on l.ancestor_id = rp.role_id
    where r.id = role_contents.granted_role_id
    union all
    select
        'role_policy'::text as assignment_type,
        l.ancestor_id as role_id,
        l.role_path,
        o.id as policy_id,
        o.name as policy_name,
        o.effect,
        o.priority,
        pp.permission_id,
        r.tenant_id as role_tenant_id,
        o.tenant_id as policy_tenant_id,
        coalesce(l.refusal, case when not o.is_active then 'the policy is inactive' end) as refusal
    from authz.roles as r
    cross join lateral authz_private.role_lineage(role_contents.granted_role_id) as l
    inner join authz.role_policies as rp on l.ancestor_id = rp.role_id
    inner join authz.policies as o on rp.policy_id = o.id
    inner join authz.policy_permissions as pp on o.id = pp.policy_id
    where r.id = role_contents.granted_role_id;
end;

comment on function authz_private.role_contents(int) is
    'Permissions of a role, its own and those of its parents, by themselves and in policies; '
    'refusal says why one counts for nobody. Whoever is of another tenant than role_tenant_id or '
    'policy_tenant_id does not hold it.';
revoke all on function authz_private.role_contents(int) from public;

-- What was written out was made by the text before this one, and is not read until it is made anew.
update authz_private.expansion set guards_changed_by = '{}';
insert into authz_private.policy_marks (user_id) values (null);
