-- Current.

create or replace view authz.permission_template_drift
with (security_invoker = true) as
select
    o.unit_id,
    o.permission_key,
    o.is_enabled,
    o.min_role_rank,
    i.is_enabled as inherited_is_enabled,
    i.min_role_rank as inherited_min_role_rank,
    i.unit_id as inherited_from_unit_id,
    i.is_locked as is_overruled
from authz.permission_templates as o
inner join authz.org_units as n on o.unit_id = n.id
inner join authz.org_units as p on n.parent_id = p.id
cross join lateral authz_private.template_at(p.path, o.permission_key) as i
where (o.is_enabled, o.min_role_rank) is distinct from (i.is_enabled, i.min_role_rank);

comment on view authz.permission_template_drift is
    'Where a unit departs from what it would inherit.';
comment on column authz.permission_template_drift.is_overruled is
    'Whether a lock above makes the departure ineffective.';
revoke all on authz.permission_template_drift from public;
