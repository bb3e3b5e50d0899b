-- Current. Four tables in one shape, for the one rule they share.

create or replace view authz_private.windows
with (security_invoker = true) as
select
    'user_roles' as kind,
    g.tenant_id,
    g.user_id,
    g.role_id as granted_id,
    g.unit_id,
    g.valid_from is null and g.valid_until is null as is_unlimited
from authz.user_roles as g
union all
select
    'user_policies',
    g.tenant_id,
    g.user_id,
    g.policy_id,
    g.unit_id,
    g.valid_from is null and g.valid_until is null
from authz.user_policies as g
union all
select
    'user_permissions',
    g.tenant_id,
    g.user_id,
    g.permission_id,
    g.unit_id,
    g.valid_from is null and g.valid_until is null
from authz.user_permissions as g
union all
select
    'memberships',
    g.tenant_id,
    g.user_id,
    null,
    g.unit_id,
    g.valid_from is null and g.valid_until is null
from authz.memberships as g;

comment on view authz_private.windows is
    'Grants and memberships by what, to whom and where, and whether they have a window at all.';
revoke all on authz_private.windows from public;
