-- Current. Every grant of every user, where it holds: those that count, and those that do not with
-- the reason. Whatever depends on the clock or on the place of a unit in the tree is left to the
-- reader, so that neither time nor a move makes this different.

create or replace view authz_private.grants
with (security_invoker = true) as
select
    a.user_id,
    a.tenant_id as organization_id,
    b.unit_id as business_unit_id,
    a.policy_id,
    a.policy_name,
    a.effect,
    a.priority,
    p.resource,
    p.action,
    p.scope,
    p.conditions,
    a.assignment_type,
    a.source_id,
    a.role_id,
    a.role_path,
    a.permission_id,
    b.membership_id,
    a.inherit_to_descendants,
    greatest(a.valid_from, b.valid_from) as valid_from,
    least(a.valid_until, b.valid_until) as valid_until,
    case
        when not u.is_active then 'the user is inactive'
        when a.refusal is not null then a.refusal
        when p.scope = 'system' and a.owner_tenant_id is not null
            then 'the scope system is for platform roles'
    end as refusal
from authz_private.assignments as a
inner join authz.users as u on a.tenant_id = u.tenant_id and a.user_id = u.id
inner join authz.permissions as p on a.permission_id = p.id
cross join lateral (
    select
        coalesce(a.unit_id, u.base_unit_id) as unit_id,
        null::bigint as membership_id,
        null::timestamptz as valid_from,
        null::timestamptz as valid_until
    union all
    select
        m.unit_id,
        m.id,
        m.valid_from,
        m.valid_until
    from authz.memberships as m
    where a.unit_id is null and m.tenant_id = u.tenant_id and m.user_id = u.id
) as b;

comment on view authz_private.grants is
    'Every permission of every user at every unit it holds at; refusal is null for those that '
    'count within their window, else why not.';
revoke all on authz_private.grants from public;
