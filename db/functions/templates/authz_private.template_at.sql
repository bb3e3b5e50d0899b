-- Inlined into its callers: the one template that holds in a unit.

create or replace function authz_private.template_at(unit_path ext.ltree, permission_key text)
returns table (
    template_id bigint,
    unit_id int,
    unit_path ext.ltree,
    min_role_rank int,
    is_enabled boolean,
    is_locked boolean
)
language sql stable security invoker parallel safe
begin atomic
    select
        t.id,
        n.id,
        n.path,
        t.min_role_rank,
        t.is_enabled,
        t.is_locked
    from authz.permission_templates as t
    inner join authz.org_units as n on t.tenant_id = n.tenant_id and t.unit_id = n.id
    where t.permission_key = template_at.permission_key
        and n.path operator (ext.@>) template_at.unit_path
    -- The topmost lock, else the nearest.
    order by t.is_locked desc, case when t.is_locked then n.level else -n.level end
    limit 1;
end;

comment on function authz_private.template_at(ext.ltree, text) is
    'The template of the key that holds in the unit at the path; no row: none does.';
revoke all on function authz_private.template_at(ext.ltree, text) from public;
