-- Everything that reaches into a subtree, whether it counts now or not: what is inactive, over or
-- orphaned is marked and never left out. Who gave it, and why, is in the log.

create or replace function authz_private.review_rows(unit_id int)
returns table (
    kind text,
    source_id bigint,
    user_id bigint,
    user_tenant_id int,
    base_unit_id int,
    username text,
    grant_unit_id int,
    unit_path text,
    title text,
    role_path text,
    inherit_to_descendants boolean,
    valid_from timestamptz,
    valid_until timestamptz,
    granted_at timestamptz,
    granted_by bigint,
    reason text,
    last_sign_in date,
    marks text []
)
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    top authz.org_units;
begin
    select n.* into top from authz.org_units as n where n.id = review_rows.unit_id;
    return query
    with scopes as materialized (
        select
            e.granted_kind,
            e.granted_id,
            array_agg(distinct e.scope) as scopes,
            bool_or(e.effect = 'deny') as denies
        from authz_private.expanded_permissions_live as e
        group by e.granted_kind, e.granted_id
    ),

    direct as (
        select
            g.granted_kind::text as kind,
            g.source_id,
            g.user_id,
            n.id as unit_id,
            n.path,
            n.is_active as unit_is_active,
            case g.granted_kind
                when 'role' then r.code
                when 'policy' then o.name
                else concat_ws(':', p.resource, p.action, p.scope)
            end as title,
            case
                when r.id is not null then (
                    select l.role_path
                    from authz_private.role_lineage(r.id) as l
                    order by length(l.role_path) desc
                    limit 1
                )
            end as role_path,
            g.inherit_to_descendants,
            g.valid_from,
            g.valid_until,
            coalesce(r.is_active, o.is_active, true) as what_is_active,
            coalesce(o.effect = 'deny', s.denies, false) as denies
        from authz_private.direct_grants as g
        inner join authz.users as u on g.tenant_id = u.tenant_id and g.user_id = u.id
        left join scopes as s on g.granted_kind = s.granted_kind and g.granted_id = s.granted_id
        left join authz.roles as r on g.granted_kind = 'role' and g.granted_id = r.id
        left join authz.policies as o on g.granted_kind = 'policy' and g.granted_id = o.id
        left join authz.permissions as p on g.granted_kind = 'permission' and g.granted_id = p.id
        cross join lateral (
            select n.*
            from (
                select coalesce(g.unit_id, u.base_unit_id) as id
                union all
                select m.unit_id
                from authz.memberships as m
                where g.unit_id is null and m.tenant_id = u.tenant_id and m.user_id = u.id
            ) as b
            inner join authz.org_units as n on b.id = n.id
        ) as n
        where (
                n.tenant_id = top.tenant_id
                and (
                    n.path operator (ext.<@) top.path
                    or n.path operator (ext.@>) top.path and g.inherit_to_descendants
                    or 'region' = any(s.scopes)
                    and (
                        authz_private.anchor_path(n.path, 'region') operator (ext.@>) top.path
                        or authz_private.anchor_path(n.path, 'region') operator (ext.<@) top.path
                    )
                    or 'organization' = any(s.scopes)
                    and (
                        authz_private.anchor_path(n.path, 'organization') operator (ext.@>) top.path
                        or authz_private.anchor_path(n.path, 'organization')
                        operator (ext.<@) top.path
                    )
                )
                or 'system' = any(s.scopes)
            )
    ),

    reaching as (
        -- What holds wherever somebody belongs is one access, told at its first place.
        select distinct on (d.kind, d.source_id) d.*
        from direct as d
        order by d.kind, d.source_id, d.path operator (ext.<@) top.path desc, d.unit_id
    ),

    all_rows as (
        select
            d.kind,
            d.source_id,
            d.user_id,
            d.unit_id,
            d.path,
            d.title,
            d.role_path,
            d.inherit_to_descendants,
            d.valid_from,
            d.valid_until,
            null::bigint as given_by,
            null::text as given_for,
            array_remove(
                array[
                    case when not d.unit_is_active then 'inactive unit' end,
                    case when not d.what_is_active then 'inactive ' || d.kind end,
                    case when d.denies then 'deny' end
                ],
                null
            ) as marks
        from reaching as d
        union all
        select
            'delegation',
            d.id,
            d.delegate_id,
            n.id,
            n.path,
            concat_ws(':', d.resource, d.action),
            null,
            d.inherit_to_descendants,
            d.valid_from,
            d.valid_until,
            d.delegator_id,
            d.reason,
            array_remove(
                array[
                    case when d.status = 'pending' then 'pending' end,
                    case when not n.is_active then 'inactive unit' end,
                    case
                        when d.id in (select o.id from authz_private.orphaned_delegations() as o (id))
                            then 'orphan'
                    end
                ],
                null
            )
        from authz.delegations as d
        inner join authz.org_units as n on d.tenant_id = n.tenant_id and d.unit_id = n.id
        where d.tenant_id = top.tenant_id
            and d.status in ('active', 'pending')
            and (
                n.path operator (ext.<@) top.path
                or n.path operator (ext.@>) top.path and d.inherit_to_descendants
            )
        union all
        select
            'template',
            t.id,
            null,
            n.id,
            n.path,
            t.permission_key || ' from rank ' || t.min_role_rank,
            null,
            true,
            null,
            null,
            null,
            null,
            array_remove(
                array[
                    case when not t.is_enabled then 'disabled' end,
                    case when t.is_locked then 'locked' end,
                    case when not n.is_active then 'inactive unit' end,
                    case
                        when t.id in (select o.id from authz_private.orphaned_templates() as o (id))
                            then 'orphan'
                    end
                ],
                null
            )
        from authz.permission_templates as t
        inner join authz.org_units as n on t.tenant_id = n.tenant_id and t.unit_id = n.id
        where t.tenant_id = top.tenant_id
            and (n.path operator (ext.<@) top.path or n.path operator (ext.@>) top.path)
        union all
        select
            'membership',
            m.id,
            m.user_id,
            n.id,
            n.path,
            'member of ' || n.code,
            null,
            false,
            m.valid_from,
            m.valid_until,
            null,
            null,
            array_remove(array[case when not n.is_active then 'inactive unit' end], null)
        from authz.memberships as m
        inner join authz.org_units as n on m.tenant_id = n.tenant_id and m.unit_id = n.id
        where m.tenant_id = top.tenant_id and n.path operator (ext.<@) top.path
    ),

    given as (
        select distinct on (l.table_name, l.row_key)
            l.table_name,
            (l.row_key ->> 'id')::bigint as row_id,
            l.logged_at,
            coalesce(l.actor_id, l.effective_user_id) as given_by,
            l.reason
        from audit.permission_audit_log as l
        where l.action = 'CREATE'
            and l.table_name in (
                'authz.user_roles', 'authz.user_policies', 'authz.user_permissions',
                'authz.delegations', 'authz.permission_templates', 'authz.memberships'
            )
        order by l.table_name, l.row_key, l.id desc
    )

    select
        a.kind,
        a.source_id,
        a.user_id,
        u.tenant_id,
        u.base_unit_id,
        u.username,
        a.unit_id,
        a.path::text,
        a.title,
        a.role_path,
        a.inherit_to_descendants,
        a.valid_from,
        a.valid_until,
        l.logged_at,
        coalesce(a.given_by, l.given_by),
        coalesce(a.given_for, l.reason),
        s.day,
        array_remove(
            array[
                case when not u.is_active then 'inactive user' end,
                case when a.valid_until <= authz.clock() then 'expired' end,
                case when a.valid_from > authz.clock() then 'not yet begun' end
            ],
            null
        ) || a.marks
    from all_rows as a
    left join authz.users as u on a.user_id = u.id
    left join authz_private.last_sign_ins as s on a.user_id = s.user_id
    left join given as l
        on
            a.source_id = l.row_id
            and l.table_name = case a.kind
                when 'role' then 'authz.user_roles'
                when 'policy' then 'authz.user_policies'
                when 'permission' then 'authz.user_permissions'
                when 'delegation' then 'authz.delegations'
                when 'template' then 'authz.permission_templates'
                else 'authz.memberships'
            end
    order by a.path, u.username, a.kind, a.source_id;
end
$$;

comment on function authz_private.review_rows(int) is
    'Roles, policies, permissions, delegations, templates and memberships that reach into the '
    'subtree of the unit.';
revoke all on function authz_private.review_rows(int) from public;
