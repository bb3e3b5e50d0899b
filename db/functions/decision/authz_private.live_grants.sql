-- Inlined into its callers. Apart from expanded_grants, so that a plan carries only what it reads.

create or replace function authz_private.live_grants(user_id bigint, resource text, action text)
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
        g.effect,
        g.priority,
        g.scope,
        n.id,
        authz_private.top_unit_of_grant(g.scope, n.path),
        g.inherit_to_descendants,
        g.conditions
    from authz_private.held_permissions as g
    inner join authz.org_units as n on g.business_unit_id = n.id and n.is_active
    where g.user_id = live_grants.user_id
        and g.action in (live_grants.action, 'manage')
        and live_grants.resource = any(g.resources)
        and (g.valid_from is null or g.valid_from <= authz.clock())
        and (g.valid_until is null or g.valid_until > authz.clock());
end;

comment on function authz_private.live_grants(bigint, text, text) is
    'Rows of authz_private.held_grants from the tables.';
revoke all on function authz_private.live_grants(bigint, text, text) from public;
