-- Inlined into its callers: the grants a decision is made of, placed in the tree.

create or replace function authz_private.held_grants(
    user_id bigint, resource text, action text, is_stored boolean
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
        h.effect,
        h.priority,
        h.scope,
        n.id,
        case
            when h.scope in ('region', 'organization')
                then authz_private.anchor_path(n.path, h.scope::text)
            else n.path
        end,
        h.inherit_to_descendants,
        h.conditions
    from authz_private.grants_in_force(
        held_grants.user_id, held_grants.resource, held_grants.action, held_grants.is_stored
    ) as h
    inner join authz.org_units as n on h.unit_id = n.id and n.is_active;
end;

comment on function authz_private.held_grants(bigint, text, text, boolean) is
    'Grants of the user for resource:action whose window is open and whose unit is active. '
    'anchor_path is the top of what a grant of a subtree reaches; null: the unit lies in no region '
    'or organization, and the grant reaches nothing. Conditions are not tested yet.';
revoke all on function authz_private.held_grants(bigint, text, text, boolean) from public;
