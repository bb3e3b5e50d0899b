-- Cheaper than a scope: what a user holds, where, and which units lie below. Where two of them are
-- equal the scopes are; where they differ the scopes are compared.

create or replace function authz_private.access_signatures(user_ids bigint [])
returns table (user_id bigint, resource text, action text, signature uuid, reach jsonb)
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set jit = off
set enable_nestloop = off
as $$
#variable_conflict use_column
declare
    moment timestamptz := authz.clock();
begin
    return query
    with actions as materialized (
        select n.action from authz_private.named_actions() as n (action)
    ),

    contents as materialized (
        select
            e.granted_kind,
            e.granted_id,
            e.tenant_id,
            e.resource,
            a.action,
            e.scope,
            concat_ws(' ', e.effect, e.priority, e.scope, e.conditions) as title,
            e.conditions is not null as is_personal,
            -- Nothing is to be weighed against anything.
            e.effect = 'allow' and e.conditions is null and e.scope <> 'system' as is_plain
        from authz_private.expanded_permissions_live as e
        inner join actions as a on e.action in (a.action, 'manage')
    ),

    given as materialized (
        select
            u.id as user_id,
            u.tenant_id,
            g.granted_kind,
            g.granted_id,
            g.inherit_to_descendants,
            n.id as unit_id,
            n.path
        from authz.users as u
        inner join authz_private.direct_grants as g
            on u.tenant_id = g.tenant_id and u.id = g.user_id
        cross join lateral (
            select
                coalesce(g.unit_id, u.base_unit_id) as unit_id,
                null::timestamptz as valid_from,
                null::timestamptz as valid_until
            union all
            select
                m.unit_id,
                m.valid_from,
                m.valid_until
            from authz.memberships as m
            where g.unit_id is null and m.tenant_id = u.tenant_id and m.user_id = u.id
        ) as b
        inner join authz.org_units as n on b.unit_id = n.id and n.is_active
        where u.id = any(access_signatures.user_ids)
            and u.is_active
            and (greatest(g.valid_from, b.valid_from) <= moment) is not false
            and (least(g.valid_until, b.valid_until) > moment) is not false
    ),

    -- One row per grant and place, however many people have it.
    places as materialized (
        select distinct
            g.tenant_id,
            g.granted_kind,
            g.granted_id,
            g.inherit_to_descendants,
            g.unit_id,
            g.path
        from given as g
    ),

    anchored as materialized (
        select
            p.tenant_id,
            p.granted_kind,
            p.granted_id,
            p.inherit_to_descendants,
            p.unit_id,
            c.resource,
            c.action,
            c.scope,
            c.title,
            c.is_personal,
            c.is_plain,
            authz_private.top_unit_of_grant(c.scope, p.path) as anchor_path
        from places as p
        inner join contents as c
            on
                p.granted_kind = c.granted_kind
                and p.granted_id = c.granted_id
                and (c.tenant_id is null or c.tenant_id = p.tenant_id)
    ),

    reach as materialized (
        select
            a.anchor_path,
            s.units,
            s.size
        from (
            select distinct h.anchor_path from anchored as h where h.anchor_path is not null
        ) as a
        cross join lateral (
            select
                sum(hashint4extended(s.unit_id, 17)) as units,
                count(*) as size
            from authz_private.subtree(a.anchor_path) as s
        ) as s
    ),

    by_grant as materialized (
        select
            a.tenant_id,
            a.granted_kind,
            a.granted_id,
            a.inherit_to_descendants,
            a.unit_id,
            a.resource,
            a.action,
            string_agg(
                concat_ws(' ', a.title, a.unit_id, a.inherit_to_descendants, x.anchor_path, x.units),
                ',' order by a.title
            ) as part,
            -- Conditions may ask for the user.
            bool_or(a.is_personal) as is_personal,
            bool_and(a.is_plain) as is_plain,
            string_agg(distinct ext.ltree2text(a.anchor_path), ',') filter (
                where a.scope <> 'own' and (a.scope <> 'team' or a.inherit_to_descendants)
            ) as roots,
            bool_or(a.scope = 'team' and not a.inherit_to_descendants) as is_single,
            bool_or(a.scope = 'own') as own_rows,
            sum(x.size) as size
        from anchored as a
        inner join reach as x on a.anchor_path = x.anchor_path
        group by 1, 2, 3, 4, 5, 6, 7
    ),

    -- What templates say in each unit, and what of it each rank is given at each place.
    templates as materialized (
        select
            n.id,
            k.permission_key,
            t.min_role_rank
        from (
            select distinct
                p.tenant_id,
                p.permission_key
            from authz.permission_templates as p
        ) as k
        inner join authz.org_units as n on k.tenant_id = n.tenant_id
        cross join lateral authz_private.template_at(n.path, k.permission_key) as t
        where t.is_enabled
    ),

    ranks as materialized (
        select
            u.id as user_id,
            r.rank,
            r.unit_id,
            r.unit_path,
            r.inherit_to_descendants
        from authz.users as u
        cross join lateral authz_private.role_units(u.id) as r
        where u.id = any(access_signatures.user_ids)
            and u.tenant_id in (select k.tenant_id from authz.permission_templates as k)
    ),

    by_template as materialized (
        select
            p.rank,
            p.unit_id,
            p.unit_path,
            p.inherit_to_descendants,
            t.permission_key,
            sum(hashint4extended(s.unit_id, 17)) as units
        from (
            select distinct
                r.rank,
                r.unit_id,
                r.unit_path,
                r.inherit_to_descendants
            from ranks as r
        ) as p
        cross join lateral authz_private.subtree(p.unit_path) as s
        inner join templates as t on s.unit_id = t.id and t.min_role_rank <= p.rank
        where p.inherit_to_descendants or s.unit_id = p.unit_id
        group by p.rank, p.unit_id, p.unit_path, p.inherit_to_descendants, t.permission_key
    ),

    parts as (
        select
            g.user_id,
            p.resource,
            p.action,
            p.part,
            p.is_personal,
            p.is_plain,
            p.roots,
            case when p.is_single then p.unit_id end as single_id,
            p.own_rows,
            p.size
        from given as g
        inner join by_grant as p
            on
                g.tenant_id = p.tenant_id
                and g.granted_kind = p.granted_kind
                and g.granted_id = p.granted_id
                and g.inherit_to_descendants = p.inherit_to_descendants
                and g.unit_id = p.unit_id
        union all
        select
            p.user_id,
            split_part(x.permission_key, '.', 1),
            split_part(x.permission_key, '.', 2),
            concat_ws(' ', 'by template', x.unit_path, x.units),
            false,
            false,
            null,
            null,
            false,
            0
        from ranks as p
        inner join by_template as x
            on
                p.unit_id = x.unit_id
                and p.rank = x.rank
                and p.inherit_to_descendants = x.inherit_to_descendants
        union all
        select
            d.delegate_id,
            r.code,
            a.action,
            'by delegation ' || t.units,
            false,
            false,
            null,
            null,
            false,
            0
        from (
            select distinct
                g.delegate_id,
                g.resource,
                g.action
            from authz.delegations as g
            where g.status = 'active' and g.delegate_id = any(access_signatures.user_ids)
        ) as d
        inner join authz.resources as r on d.resource operator (ext.@>) r.path
        inner join actions as a on d.action in (a.action, 'manage')
        cross join lateral (
            select sum(hashint4extended(i.unit_id, 17)) as units
            from authz_private.delegated_units(d.delegate_id, r.code, a.action) as i (unit_id)
        ) as t
        where t.units is not null
    )

    select
        p.user_id,
        p.resource,
        p.action,
        md5(
            concat_ws(
                ' ', u.base_unit_id, string_agg(distinct p.part, ',' order by p.part),
                case when bool_or(p.is_personal) then p.user_id end
            )
        )::uuid,
        case
            when bool_and(p.is_plain) then jsonb_build_object(
                'roots', string_to_array(string_agg(p.roots, ','), ','),
                'units', array_agg(distinct p.single_id) filter (where p.single_id is not null),
                'own_rows', bool_or(p.own_rows),
                'size', sum(p.size)
            )
        end
    from parts as p
    inner join authz.users as u on p.user_id = u.id
    group by p.user_id, p.resource, p.action, u.base_unit_id;
end
$$;

comment on function authz_private.access_signatures(bigint []) is
    'For each user, resource and action: a value that is the same as long as the units that the '
    'user reaches are, and for two users only if they reach the same; no row where nothing is '
    'held. reach, where the grants add up and nothing is to be weighed: roots, whose subtrees are '
    'reached; units; own_rows; size, how many units these are at most.';
revoke all on function authz_private.access_signatures(bigint []) from public;
