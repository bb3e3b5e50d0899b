-- Current: the meaning of authz.user_effective_policies.

create or replace view authz.user_effective_policies_live
with (security_invoker = true) as
select
    g.user_id,
    g.organization_id,
    g.business_unit_id,
    g.policy_id,
    g.policy_name,
    g.effect,
    g.priority,
    m.resources,
    g.action,
    g.scope,
    g.conditions,
    g.assignment_type,
    g.source_id,
    g.role_id,
    g.permission_id,
    g.membership_id,
    g.inherit_to_descendants,
    g.valid_from,
    g.valid_until,
    -- One value that tells the rows of a user apart, as CONCURRENTLY asks for.
    concat_ws(
        '.',
        g.assignment_type, g.source_id, coalesce(g.role_id, 0), coalesce(g.policy_id, 0),
        g.permission_id, coalesce(g.membership_id, 0)
    ) as grant_key
from authz_private.grants as g
cross join lateral (
    select array_agg(r.code order by r.code) as resources
    from authz.resources as r
    where g.resource operator (ext.@>) r.path
) as m
where g.refusal is null;

comment on view authz.user_effective_policies_live is
    'What every user holds, whatever the time: one row per permission, way and unit. Read by those '
    'the materialized view does not answer for.';
comment on column authz.user_effective_policies_live.organization_id is 'Tenant of the user.';
comment on column authz.user_effective_policies_live.business_unit_id is
    'Unit the grant holds at; the scope says how far it reaches from there.';
comment on column authz.user_effective_policies_live.policy_id is
    'Policy that carries the permission; null: granted by itself.';
comment on column authz.user_effective_policies_live.resources is
    'Codes of the resource and of those below it in the menu.';
comment on column authz.user_effective_policies_live.assignment_type is
    'role_policy, role_permission, user_policy or user_permission.';
comment on column authz.user_effective_policies_live.source_id is
    'Row of authz.user_roles, user_policies or user_permissions.';
comment on column authz.user_effective_policies_live.role_id is
    'Role that carries it, which may be a parent of the role granted.';
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
