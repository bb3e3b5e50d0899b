-- Current. Without a WHERE in any branch, so that a query about one user is three index scans.

create or replace view authz_private.direct_grants
with (security_invoker = true) as
select
    'role'::authz_private.granted_kind as granted_kind,
    g.role_id as granted_id,
    g.tenant_id,
    g.user_id,
    g.id as source_id,
    g.unit_id,
    g.inherit_to_descendants,
    g.valid_from,
    g.valid_until
from authz.user_roles as g
union all
select
    'policy'::authz_private.granted_kind,
    g.policy_id,
    g.tenant_id,
    g.user_id,
    g.id,
    g.unit_id,
    g.inherit_to_descendants,
    g.valid_from,
    g.valid_until
from authz.user_policies as g
union all
select
    'permission'::authz_private.granted_kind,
    g.permission_id,
    g.tenant_id,
    g.user_id,
    g.id,
    g.unit_id,
    g.inherit_to_descendants,
    g.valid_from,
    g.valid_until
from authz.user_permissions as g;

comment on view authz_private.direct_grants is
    'Roles, policies and permissions granted to users, whatever the time: source_id is the row of '
    'authz.user_roles, user_policies or user_permissions.';
revoke all on authz_private.direct_grants from public;
