-- Current: the meaning of authz.user_effective_policies. What a grant carries is put together
-- before it is joined to the users, so that a row costs no more than its copy.

create or replace view authz.user_effective_policies_live
with (security_invoker = true) as
with carried as materialized (
    select
        e.granted_kind,
        e.granted_id,
        e.tenant_id,
        e.assignment_type,
        e.role_id,
        e.policy_id,
        e.policy_name,
        e.effect,
        e.priority,
        e.scope,
        array_agg(distinct e.resource order by e.resource) as resources,
        array_agg(distinct e.action order by e.action) as actions,
        array_agg(distinct e.permission_id order by e.permission_id) as permission_ids
    from authz_private.expanded_permissions_live as e
    group by
        e.granted_kind, e.granted_id, e.tenant_id, e.assignment_type, e.role_id, e.policy_id,
        e.policy_name, e.effect, e.priority, e.scope
),

placed as (
    select
        a.granted_kind,
        a.granted_id,
        a.tenant_id,
        a.user_id,
        a.source_id,
        coalesce(a.unit_id, u.base_unit_id) as unit_id,
        null::bigint as membership_id,
        a.inherit_to_descendants,
        a.valid_from,
        a.valid_until
    from authz_private.direct_grants as a
    inner join authz.users as u on a.tenant_id = u.tenant_id and a.user_id = u.id
    where u.is_active
    union all
    select
        a.granted_kind,
        a.granted_id,
        a.tenant_id,
        a.user_id,
        a.source_id,
        m.unit_id,
        m.id,
        a.inherit_to_descendants,
        greatest(a.valid_from, m.valid_from),
        least(a.valid_until, m.valid_until)
    from authz_private.direct_grants as a
    inner join authz.users as u on a.tenant_id = u.tenant_id and a.user_id = u.id
    inner join authz.memberships as m on a.tenant_id = m.tenant_id and a.user_id = m.user_id
    where u.is_active and a.unit_id is null
)

select
    a.user_id,
    a.tenant_id as organization_id,
    a.unit_id as business_unit_id,
    c.policy_id,
    c.policy_name,
    c.effect,
    c.priority,
    c.resources,
    c.actions,
    c.scope,
    c.permission_ids,
    c.assignment_type,
    a.source_id,
    c.role_id,
    a.membership_id,
    a.inherit_to_descendants,
    a.valid_from,
    a.valid_until,
    -- One value that tells the rows of a user apart, as CONCURRENTLY asks for.
    concat_ws(
        '.',
        c.assignment_type, a.source_id, coalesce(c.role_id, 0), coalesce(c.policy_id, 0),
        c.scope, coalesce(a.membership_id, 0)
    ) as grant_key
from placed as a
inner join carried as c
    on
        a.granted_kind = c.granted_kind
        and a.granted_id = c.granted_id
        and (c.tenant_id is null or a.tenant_id = c.tenant_id);

comment on view authz.user_effective_policies_live is
    'What every user holds, whatever the time: one row per grant, unit, role or policy that '
    'carries it, and scope.';
comment on column authz.user_effective_policies_live.organization_id is 'Tenant of the user.';
comment on column authz.user_effective_policies_live.business_unit_id is
    'Unit the grant holds at; the scope says how far it reaches from there.';
comment on column authz.user_effective_policies_live.policy_id is
    'Policy that carries the permissions; null: granted outside a policy.';
comment on column authz.user_effective_policies_live.resources is
    'Codes of the resources that the permissions cover, those below them in the menu included.';
comment on column authz.user_effective_policies_live.actions is
    'Actions of the permissions; not every action is for every resource: see permission_ids.';
comment on column authz.user_effective_policies_live.permission_ids is
    'Rows of authz.permissions, with their conditions.';
comment on column authz.user_effective_policies_live.assignment_type is
    'role_policy, role_permission, user_policy or user_permission.';
comment on column authz.user_effective_policies_live.source_id is
    'Row of authz.user_roles, user_policies or user_permissions.';
comment on column authz.user_effective_policies_live.role_id is
    'Role that carries the permissions, which may be a parent of the role granted.';
comment on column authz.user_effective_policies_live.membership_id is
    'Membership that spreads a grant without unit to this one; null: the base unit, or '
    'granted here.';
comment on column authz.user_effective_policies_live.valid_from is
    'First instant, of grant and membership together; null: always was.';
comment on column authz.user_effective_policies_live.valid_until is
    'First instant after it; null: no end.';
comment on column authz.user_effective_policies_live.grant_key is
    'Tells the rows of one user apart.';
revoke all on authz.user_effective_policies_live from public;

-- What the materialized view holds was made by the text before this one.
insert into authz_private.policy_marks (user_id) values (null);
