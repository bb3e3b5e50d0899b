-- Current. The four ways a permission reaches a user, in one shape; the one place that joins them.
-- What a user holds without a unit is not yet spread over the units they belong to.

create or replace view authz_private.assignments
with (security_invoker = true) as
select
    ur.user_id,
    ur.tenant_id,
    c.assignment_type,
    ur.id as source_id,
    c.role_id,
    c.role_path,
    c.policy_id,
    c.policy_name,
    c.effect,
    c.priority,
    c.permission_id,
    ur.unit_id,
    ur.inherit_to_descendants,
    ur.valid_from,
    ur.valid_until,
    coalesce(c.role_tenant_id, c.policy_tenant_id) as owner_tenant_id,
    case
        when c.role_tenant_id <> ur.tenant_id then 'the role belongs to another tenant'
        when c.policy_tenant_id <> ur.tenant_id then 'the policy belongs to another tenant'
        else c.refusal
    end as refusal
from authz.user_roles as ur
cross join lateral authz_private.role_contents(ur.role_id) as c
union all
select
    up.user_id,
    up.tenant_id,
    'user_policy',
    up.id,
    null,
    null,
    up.policy_id,
    c.policy_name,
    c.effect,
    c.priority,
    c.permission_id,
    up.unit_id,
    up.inherit_to_descendants,
    up.valid_from,
    up.valid_until,
    -- Given to one user, not by a platform role: it reaches no further than their tenant.
    up.tenant_id,
    case
        when c.policy_tenant_id <> up.tenant_id then 'the policy belongs to another tenant'
        else c.refusal
    end
from authz.user_policies as up
cross join lateral authz_private.policy_contents(up.policy_id) as c
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
