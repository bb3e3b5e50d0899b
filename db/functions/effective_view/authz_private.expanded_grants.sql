-- Inlined into its callers. Apart from live_grants, so that a plan carries only what it reads.

create or replace function authz_private.expanded_grants(
    user_id bigint, resource text, action text
)
returns table (
    effect authz.policy_effect,
    priority int,
    scope authz.permission_scope,
    unit_id int,
    anchor_path ext.ltree,
    inherit_to_descendants boolean,
    conditions jsonb
)
language sql stable security invoker parallel safe
begin atomic
    select
        e.effect,
        e.priority,
        e.scope,
        n.id,
        authz_private.top_unit_of_grant(e.scope, n.path),
        g.inherit_to_descendants,
        e.conditions
    from authz.users as u
    inner join authz_private.direct_grants as g on u.tenant_id = g.tenant_id and u.id = g.user_id
    inner join authz_private.expanded_permissions as e
        on
            g.granted_kind = e.granted_kind
            and g.granted_id = e.granted_id
            and e.resource = expanded_grants.resource
            and e.action in (expanded_grants.action, 'manage')
            and (e.tenant_id is null or u.tenant_id = e.tenant_id)
    cross join lateral (
        select
            coalesce(g.unit_id, u.base_unit_id) as unit_id,
            null::timestamptz as valid_from,
            null::timestamptz as valid_until
        union all
        select
            m.unit_id,
            m.valid_from,
            m.valid_until
        from authz.memberships as m
        where g.unit_id is null and m.tenant_id = u.tenant_id and m.user_id = u.id
    ) as b
    inner join authz.org_units as n on b.unit_id = n.id and n.is_active
    where u.id = expanded_grants.user_id
        and u.is_active
        -- Sub-selects, so that the clock is read once and only where there is a window.
        and (greatest(g.valid_from, b.valid_from) <= (select authz.clock())) is not false
        and (least(g.valid_until, b.valid_until) > (select authz.clock())) is not false;
end;

comment on function authz_private.expanded_grants(bigint, text, text) is
    'Rows of authz_private.held_grants by authz_private.expanded_permissions: right only while '
    'authz_private.expansion_is_current().';
revoke all on function authz_private.expanded_grants(bigint, text, text) from public;
