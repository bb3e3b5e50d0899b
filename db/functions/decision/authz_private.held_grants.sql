-- Two sources of the same rows: what roles and policies give as it is written out, else as it is
-- worked out.

create or replace function authz_private.held_grants(
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
language plpgsql stable security invoker parallel safe
rows 5
as $$
#variable_conflict use_column
begin
    if (select c.is_current from authz_private.expansion_is_current() as c) then
        return query
        select g.*
        from authz_private.expanded_grants(
            held_grants.user_id, held_grants.resource, held_grants.action
        ) as g;
    else
        return query
        select g.*
        from authz_private.live_grants(
            held_grants.user_id, held_grants.resource, held_grants.action
        ) as g;
    end if;
end
$$;

comment on function authz_private.held_grants(bigint, text, text) is
    'Grants of the user for resource:action whose window is open and whose unit is active. '
    'anchor_path is the top of what a grant of a subtree reaches; null: the unit lies in no region '
    'or organization, and the grant reaches nothing. Conditions are not tested yet.';
revoke all on function authz_private.held_grants(bigint, text, text) from public;
