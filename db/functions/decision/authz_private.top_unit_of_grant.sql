-- Inlined into its callers.

create or replace function authz_private.top_unit_of_grant(
    scope authz.permission_scope, unit_path ext.ltree
)
returns ext.ltree
language sql stable security invoker parallel safe
begin atomic
    select case
        when top_unit_of_grant.scope in ('region', 'organization')
            then authz_private.anchor_path(
                top_unit_of_grant.unit_path, top_unit_of_grant.scope::text
            )
        else top_unit_of_grant.unit_path
    end;
end;

comment on function authz_private.top_unit_of_grant(authz.permission_scope, ext.ltree) is
    'Path of the topmost unit a grant of that scope, held in the unit at the path, could reach; '
    'null: the unit lies in no region or organization, and the grant reaches nothing.';
revoke all on function authz_private.top_unit_of_grant(authz.permission_scope, ext.ltree)
from public;
