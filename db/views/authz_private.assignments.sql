-- Current. The four ways a permission reaches a user, in one shape; the one place that joins them.
-- What a user holds without a unit is not yet spread over the units they belong to.

create or replace view authz_private.assignments
with (security_invoker = true) as
select
    ur.user_id,
    ur.tenant_id,
    'role_permission' as assignment_type,
    ur.id as source_id,
    l.ancestor_id as role_id,
    l.role_path,
    null::int as policy_id,
    null::text as policy_name,
    'allow'::authz.policy_effect as effect,
    0 as priority,
    rp.permission_id,
    ur.unit_id,
    ur.inherit_to_descendants,
    ur.valid_from,
    ur.valid_until,
    r.tenant_id as owner_tenant_id,
    coalesce(
        l.refusal,
        case when r.tenant_id <> ur.tenant_id then 'the role belongs to another tenant' end
    ) as refusal
from authz.user_roles as ur
inner join authz.roles as r on ur.role_id = r.id
cross join lateral authz_private.role_lineage(ur.role_id) as l
inner join authz.role_permissions as rp on l.ancestor_id = rp.role_id
union all
select
    ur.user_id,
    ur.tenant_id,
    'role_policy',
    ur.id,
    l.ancestor_id,
    l.role_path,
    o.id,
    o.name,
    o.effect,
    o.priority,
    pp.permission_id,
    ur.unit_id,
    ur.inherit_to_descendants,
    ur.valid_from,
    ur.valid_until,
    coalesce(r.tenant_id, o.tenant_id),
    coalesce(
        l.refusal,
        case
            when r.tenant_id <> ur.tenant_id then 'the role belongs to another tenant'
            when o.tenant_id <> ur.tenant_id then 'the policy belongs to another tenant'
            when not o.is_active then 'the policy is inactive'
        end
    )
from authz.user_roles as ur
inner join authz.roles as r on ur.role_id = r.id
cross join lateral authz_private.role_lineage(ur.role_id) as l
inner join authz.role_policies as rp on l.ancestor_id = rp.role_id
inner join authz.policies as o on rp.policy_id = o.id
inner join authz.policy_permissions as pp on o.id = pp.policy_id
union all
select
    up.user_id,
    up.tenant_id,
    'user_policy',
    up.id,
    null,
    null,
    o.id,
    o.name,
    o.effect,
    o.priority,
    pp.permission_id,
    up.unit_id,
    up.inherit_to_descendants,
    up.valid_from,
    up.valid_until,
    -- Given to one user, not by a platform role: it reaches no further than their tenant.
    up.tenant_id,
    case
        when o.tenant_id <> up.tenant_id then 'the policy belongs to another tenant'
        when not o.is_active then 'the policy is inactive'
    end
from authz.user_policies as up
inner join authz.policies as o on up.policy_id = o.id
inner join authz.policy_permissions as pp on o.id = pp.policy_id
union all
select
    up.user_id,
    up.tenant_id,
    'user_permission',
    up.id,
    null,
    null,
    null,
    null,
    'allow',
    0,
    up.permission_id,
    up.unit_id,
    up.inherit_to_descendants,
    up.valid_from,
    up.valid_until,
    up.tenant_id,
    null
from authz.user_permissions as up;

comment on view authz_private.assignments is
    'One row per permission a user was given, and the way it came: through a role and its parents '
    'or directly, in a policy or by itself; refusal says why it does not count, whatever the time.';
revoke all on authz_private.assignments from public;

-- What the materialized view holds was made by the text before this one.
insert into authz_private.policy_marks (user_id) values (null);
