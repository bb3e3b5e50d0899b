-- Current: what holds where. Ask for one unit or one key: all of them are many.

create or replace view authz.org_permissions
with (security_invoker = true) as
select
    u.id as unit_id,
    k.permission_key,
    t.is_enabled,
    t.min_role_rank,
    t.is_locked,
    t.unit_id as template_unit_id,
    o.id is not null as has_own_template,
    o.id is not null and o.id <> t.template_id as is_overruled
from authz.org_units as u
inner join (
    select distinct p.tenant_id, p.permission_key
    from authz.permission_templates as p
) as k on u.tenant_id = k.tenant_id
cross join lateral authz_private.template_at(u.path, k.permission_key) as t
left join authz.permission_templates as o
    on u.id = o.unit_id and k.permission_key = o.permission_key;

comment on view authz.org_permissions is
    'The permission template that holds in each unit, for each key.';
comment on column authz.org_permissions.template_unit_id is 'Unit the template was written for.';
comment on column authz.org_permissions.is_overruled is
    'Whether the unit has a template of its own that a lock above it makes ineffective.';
revoke all on authz.org_permissions from public;
