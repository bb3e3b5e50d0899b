-- Current: the meaning of authz_private.expanded_permissions. The scope system counts only in roles
-- and policies of the platform that come through a role.

create or replace view authz_private.expanded_permissions_live
with (security_invoker = true) as
select
    c.granted_kind,
    c.granted_id,
    q.code as resource,
    p.action,
    p.scope,
    c.effect,
    c.priority,
    p.conditions,
    c.tenant_id,
    c.assignment_type,
    c.role_id,
    c.policy_id,
    c.policy_name,
    c.permission_id
from (
    select
        'role'::authz_private.granted_kind as granted_kind,
        r.id as granted_id,
        i.assignment_type,
        i.role_id,
        i.policy_id,
        i.policy_name,
        i.effect,
        i.priority,
        i.permission_id,
        coalesce(i.role_tenant_id, i.policy_tenant_id) as tenant_id,
        coalesce(i.role_tenant_id, i.policy_tenant_id) is null as may_span_tenants
    from authz.roles as r
    cross join lateral authz_private.role_contents(r.id) as i
    where i.refusal is null
        -- Else nobody is of both tenants.
        and (i.role_tenant_id = i.policy_tenant_id) is not false
    union all
    select
        'policy'::authz_private.granted_kind as granted_kind,
        o.id as granted_id,
        'user_policy'::text as assignment_type,
        null::int as role_id,
        o.id as policy_id,
        i.policy_name,
        i.effect,
        i.priority,
        i.permission_id,
        i.policy_tenant_id as tenant_id,
        false as may_span_tenants
    from authz.policies as o
    cross join lateral authz_private.policy_contents(o.id) as i
    where i.refusal is null
    union all
    select
        'permission'::authz_private.granted_kind as granted_kind,
        p.id as granted_id,
        'user_permission'::text as assignment_type,
        null::int as role_id,
        null::int as policy_id,
        null::text as policy_name,
        'allow'::authz.policy_effect as effect,
        0 as priority,
        p.id as permission_id,
        null::int as tenant_id,
        false as may_span_tenants
    from authz.permissions as p
) as c
inner join authz.permissions as p on c.permission_id = p.id
inner join authz.resources as q on p.resource operator (ext.@>) q.path
where p.scope <> 'system' or c.may_span_tenants;

comment on view authz_private.expanded_permissions_live is
    'What each role, policy and permission gives to whoever is granted it: one row per permission '
    'that counts and resource it covers.';
revoke all on authz_private.expanded_permissions_live from public;

-- What the table holds was made by the text before this one.
select ops.rebuild_expanded_permissions();
insert into authz_private.policy_marks (user_id) values (null);
