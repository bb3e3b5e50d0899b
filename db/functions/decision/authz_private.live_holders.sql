-- A superset of who may, found from the tables: who was given anything of the kind where it could
-- reach the unit. Ids of what carries it come first, as arrays, so that each way is one walk of an
-- index whatever the planner thinks of the hierarchy.

create or replace function authz_private.live_holders(
    unit_path ext.ltree, resource text, action text, after_user_id bigint, wanted int
)
returns setof bigint
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    place_ids int [] := array(
        select n.id
        from authz.org_units as n
        where n.path operator (ext.@>) live_holders.unit_path
    );
    permissions int [];
    wide_permissions int [];
    policies int [];
    wide_policies int [];
    roles int [];
    wide_roles int [];
begin
    select
        coalesce(array_agg(p.id), '{}'),
        coalesce(
            array_agg(p.id) filter (where p.scope in ('region', 'organization', 'system')), '{}'
        )
    into permissions, wide_permissions
    from authz.permissions as p
    inner join authz.resources as r on p.resource operator (ext.@>) r.path
    where r.code = live_holders.resource
        and p.action in (live_holders.action, 'manage')
        and p.scope <> 'own';

    select
        coalesce(array_agg(distinct o.id), '{}'),
        coalesce(
            array_agg(distinct o.id) filter (where pp.permission_id = any(wide_permissions)), '{}'
        )
    into policies, wide_policies
    from authz.policies as o
    inner join authz.policy_permissions as pp on o.id = pp.policy_id
    where o.effect = 'allow' and pp.permission_id = any(permissions);

    select
        array_agg(r.id),
        array_agg(r.id) filter (where c.is_wide)
    into roles, wide_roles
    from authz.roles as r
    cross join lateral (
        select bool_or(w.is_wide) as is_wide
        from authz_private.role_lineage(r.id) as l
        cross join lateral (
            select rp.permission_id = any(wide_permissions) as is_wide
            from authz.role_permissions as rp
            where rp.role_id = l.ancestor_id and rp.permission_id = any(permissions)
            union all
            select rp.policy_id = any(wide_policies)
            from authz.role_policies as rp
            where rp.role_id = l.ancestor_id and rp.policy_id = any(policies)
            union all
            -- A template asks for the rank of any role.
            select false
            from authz.permission_templates as t
            where t.permission_key = live_holders.resource || '.' || live_holders.action
        ) as w
    ) as c
    where c.is_wide is not null;

    return query
    with at_home as materialized (
        select u.id as user_id
        from authz.users as u
        where u.base_unit_id = any(place_ids)
        union
        select m.user_id
        from authz.memberships as m
        where m.unit_id = any(place_ids)
    ),

    given as (
        select g.user_id
        from authz.user_roles as g
        where g.role_id = any(roles)
            and (
                g.unit_id = any(place_ids)
                or g.unit_id is null and g.user_id in (select h.user_id from at_home as h)
            )
        union all
        select g.user_id
        from authz.user_roles as g
        where g.role_id = any(wide_roles)
        union all
        select g.user_id
        from authz.user_policies as g
        where g.policy_id = any(policies)
            and (
                g.unit_id = any(place_ids)
                or g.unit_id is null and g.user_id in (select h.user_id from at_home as h)
            )
        union all
        select g.user_id
        from authz.user_policies as g
        where g.policy_id = any(wide_policies)
        union all
        select g.user_id
        from authz.user_permissions as g
        where g.permission_id = any(permissions)
            and (
                g.unit_id = any(place_ids)
                or g.unit_id is null and g.user_id in (select h.user_id from at_home as h)
            )
        union all
        select g.user_id
        from authz.user_permissions as g
        where g.permission_id = any(wide_permissions)
        union all
        select d.delegate_id
        from authz.delegations as d
        where d.unit_id = any(place_ids) and d.status = 'active'
    )

    select distinct g.user_id
    from given as g
    where g.user_id > live_holders.after_user_id
    order by g.user_id
    limit live_holders.wanted;
end
$$;

comment on function authz_private.live_holders(ext.ltree, text, text, bigint, int) is
    'Ids, ascending, after after_user_id and at most wanted, among whom are all who may do '
    'resource:action in the unit at the path.';
revoke all on function authz_private.live_holders(ext.ltree, text, text, bigint, int) from public;
