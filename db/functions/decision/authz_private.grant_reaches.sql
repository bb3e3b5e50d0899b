-- Inlined into its callers, which naming a dear argument twice would prevent: the meaning of the
-- scopes, for one unit and one row.

create or replace function authz_private.grant_reaches(
    scope authz.permission_scope,
    unit_id int,
    anchor_path ext.ltree,
    inherit_to_descendants boolean,
    asked_unit_id int,
    asked_path ext.ltree,
    is_owner boolean
)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select case grant_reaches.scope
        when 'system' then true
        when 'own' then grant_reaches.is_owner
        else
            grant_reaches.scope = 'team' and grant_reaches.unit_id = grant_reaches.asked_unit_id
            or (grant_reaches.scope <> 'team' or grant_reaches.inherit_to_descendants)
            and grant_reaches.anchor_path operator (ext.@>) grant_reaches.asked_path
    end;
end;

comment on function authz_private.grant_reaches(
    authz.permission_scope, int, ext.ltree, boolean, int, ext.ltree, boolean
) is
    'Whether a grant of that scope reaches a row in the unit asked about, which the user owns or '
    'not.';
revoke all on function authz_private.grant_reaches(
    authz.permission_scope, int, ext.ltree, boolean, int, ext.ltree, boolean
) from public;
