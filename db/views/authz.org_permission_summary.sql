-- Current.

create or replace view authz.org_permission_summary
with (security_invoker = true) as
select
    p.unit_id,
    count(*) as permissions,
    count(*) filter (where p.is_enabled) as enabled,
    count(*) filter (where p.is_locked) as locked,
    count(*) filter (where p.has_own_template and p.template_unit_id = p.unit_id) as overridden,
    count(*) filter (where p.is_overruled) as overruled,
    (
        select jsonb_object_agg(r.min_role_rank, r.permissions order by r.min_role_rank)
        from (
            select
                q.min_role_rank,
                count(*) as permissions
            from authz.org_permissions as q
            where q.unit_id = p.unit_id and q.is_enabled
            group by q.min_role_rank
        ) as r
    ) as enabled_by_minimum_rank
from authz.org_permissions as p
group by p.unit_id;

comment on view authz.org_permission_summary is
    'Per unit: how many permissions templates speak of, how many are enabled, locked from here or '
    'above, set by the unit itself, or set in vain; and the enabled ones by the rank they ask for.';
revoke all on authz.org_permission_summary from public;
