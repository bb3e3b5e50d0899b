-- Current. What counts of authz_private.grants, with the resources each permission covers.

create or replace view authz_private.held_permissions
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
    g.valid_until
from authz_private.grants as g
cross join lateral (
    select array_agg(r.code order by r.code) as resources
    from authz.resources as r
    where g.resource operator (ext.@>) r.path
) as m
where g.refusal is null;

comment on view authz_private.held_permissions is
    'What every user holds, whatever the time: one row per permission, way and unit.';
revoke all on authz_private.held_permissions from public;
