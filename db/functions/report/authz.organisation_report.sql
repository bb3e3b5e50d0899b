-- Everything an auditor opens first, from one snapshot. Who may see which access is decided by
-- authz.access_review, and who may see health and the log by the rights on them.

create or replace function authz.organisation_report(unit_id int default null)
returns jsonb
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set jit = off
as $$
#variable_conflict use_column
declare
    top_id constant int := authz_private.report_unit(organisation_report.unit_id);
    me constant bigint := authz.current_user_id();
    caller constant name := coalesce(nullif(current_setting('role'), 'none'), session_user);
    sees_all constant boolean := authz_private.may_see_every_review();
    sees_profiles constant boolean := sees_all
        or authz_private.may_act(me, 'users', 'read', top_id, true);
    soon constant timestamptz := authz.clock() + interval '30 days';
    changes_shown constant int := 100;
    top authz.org_units;
begin
    select n.* into top from authz.org_units as n where n.id = top_id;
    return (
        with tree as materialized (
            select n.*
            from authz_private.subtree(top.path) as s
            inner join authz.org_units as n on s.unit_id = n.id
        ),

        people as materialized (
            select
                u.id,
                u.username,
                u.base_unit_id,
                u.is_active,
                case when sees_profiles then u.profile ->> 'display_name' end as display_name,
                case when sees_profiles then u.external_id end as external_id,
                s.day as last_sign_in
            from authz.users as u
            inner join tree as n on u.tenant_id = n.tenant_id and u.base_unit_id = n.id
            left join authz_private.last_sign_ins as s on u.id = s.user_id
        ),

        -- Each access once, with the unit where its person belongs: null, if that is elsewhere.
        access as materialized (
            select
                a.*,
                p.base_unit_id,
                n.id as unit_within,
                g.granted_kind,
                g.granted_id,
                a.marks <@ array['hidden user', 'locked'] as counts,
                jsonb_build_object(
                    'kind', a.kind,
                    'source_id', a.source_id,
                    'username', a.username,
                    'unit_path', a.unit_path,
                    'title', a.title,
                    'role_path', a.role_path,
                    'wherever', g.source_id is not null and g.unit_id is null,
                    'inherit', a.inherit_to_descendants,
                    'valid_from', a.valid_from,
                    'valid_until', a.valid_until,
                    'granted_at', a.granted_at,
                    'granted_by', a.granted_by_name,
                    'reason', a.reason,
                    'marks', to_jsonb(a.marks)
                ) as told
            from authz.access_review(top_id) as a
            left join people as p on a.user_id = p.id
            left join tree as n on a.grant_unit_id = n.id
            left join authz_private.direct_grants as g
                on a.kind = g.granted_kind::text and a.source_id = g.source_id
        ),

        people_told as (
            select
                p.base_unit_id,
                jsonb_agg(
                    jsonb_build_object(
                        'id', p.id,
                        'username', p.username,
                        'display_name', p.display_name,
                        'external_id', p.external_id,
                        'is_active', p.is_active,
                        'last_sign_in', p.last_sign_in,
                        'access', coalesce(a.told, '[]')
                    )
                    order by p.username
                ) as told,
                count(*) as people
            from people as p
            left join (
                select
                    a.user_id,
                    jsonb_agg(
                        a.told - 'username'
                        order by a.kind <> 'role', a.kind, a.title, a.source_id
                    ) as told
                from access as a
                where a.base_unit_id is not null
                group by a.user_id
            ) as a on p.id = a.user_id
            group by p.base_unit_id
        ),

        -- Given at a unit to people whose base unit is another. What holds wherever somebody
        -- belongs is told with the person.
        guests_told as (
            select
                a.unit_within,
                jsonb_agg(a.told order by a.username, a.kind, a.title, a.source_id) as told
            from access as a
            where a.unit_within is not null
                and a.kind <> 'template'
                and (a.told -> 'wherever' = 'false' or a.base_unit_id is null)
                and a.base_unit_id is distinct from a.unit_within
            group by a.unit_within
        ),

        units_told as (
            select jsonb_agg(
                    jsonb_build_object(
                        'id', n.id,
                        'path', n.path,
                        'code', n.code,
                        'name', n.name,
                        'kind', n.kind,
                        'depth', n.level - top.level,
                        'is_active', n.is_active,
                        'people_below', b.people,
                        'people', coalesce(p.told, '[]'),
                        'guests', coalesce(g.told, '[]')
                    )
                    order by n.path
                ) as told
            from tree as n
            left join people_told as p on n.id = p.base_unit_id
            left join guests_told as g on n.id = g.unit_within
            cross join lateral (
                select coalesce(sum(p.people), 0)::bigint as people
                from authz_private.subtree(n.path) as s
                inner join people_told as p on s.unit_id = p.base_unit_id
            ) as b
        ),

        granted as materialized (
            select
                a.granted_kind,
                a.granted_id,
                count(distinct a.user_id) filter (where a.counts)
                + count(*) filter (where a.counts and a.user_id is null) as holders,
                count(*) filter (where not a.counts) as without_effect
            from access as a
            where a.granted_kind is not null
            group by a.granted_kind, a.granted_id
        ),

        -- Roles that nobody holds are shown to whoever sees everything.
        matrix as (
            select
                w.granted_kind,
                w.granted_id,
                coalesce(g.holders, 0) as holders,
                coalesce(g.without_effect, 0) as without_effect
            from (
                select
                    g.granted_kind,
                    g.granted_id
                from granted as g
                union
                select
                    'role',
                    r.id
                from authz.roles as r
                where sees_all and coalesce(r.tenant_id, top.tenant_id) = top.tenant_id
            ) as w
            left join granted as g
                on w.granted_kind = g.granted_kind and w.granted_id = g.granted_id
        ),

        matrix_told as materialized (
            select
                m.granted_kind::text as kind,
                coalesce(r.code, o.name, concat_ws(':', p.resource, p.action, p.scope)) as title,
                r.rank,
                r.requires_approval,
                coalesce(r.is_active, o.is_active, true) as is_active,
                m.holders,
                m.without_effect,
                authz_private.grant_contents(m.granted_kind, m.granted_id) as gives
            from matrix as m
            left join authz.roles as r on m.granted_kind = 'role' and m.granted_id = r.id
            left join authz.policies as o on m.granted_kind = 'policy' and m.granted_id = o.id
            left join authz.permissions as p
                on m.granted_kind = 'permission' and m.granted_id = p.id
        ),

        templates as (
            select
                a.unit_path,
                t.permission_key,
                t.min_role_rank,
                t.is_enabled,
                t.is_locked,
                a.granted_at,
                a.granted_by_name,
                array_remove(array_remove(a.marks, 'locked'), 'disabled') as marks,
                d.unit_id is not null as departs,
                d.inherited_is_enabled,
                d.inherited_min_role_rank,
                n.path as inherited_from,
                d.is_overruled
            from access as a
            inner join authz.permission_templates as t on a.source_id = t.id
            left join authz.permission_template_drift as d
                on t.unit_id = d.unit_id and t.permission_key = d.permission_key
            left join authz.org_units as n on d.inherited_from_unit_id = n.id
            where a.kind = 'template'
        ),

        reviews as (
            select
                r.review_id,
                n.path as unit_path,
                v.username as reviewer,
                o.username as opened_by,
                r.opened_at,
                r.due,
                r.status,
                r.undecided,
                r.items,
                r.decided
            from authz.list_reviews() as r
            inner join tree as n on r.unit_id = n.id
            left join authz.users as v
                on r.reviewer_id = v.id
                and (sees_all or v.id = me or v.id in (select p.id from people as p))
            left join authz.users as o
                on r.opened_by = o.id
                and (sees_all or o.id = me or o.id in (select p.id from people as p))
        ),

        ending as (
            select
                a.told,
                a.valid_until,
                a.valid_until <= authz.clock() as is_over
            from access as a
            where a.valid_until <= soon
        )

        select jsonb_build_object(
                'made_at', authz.clock(),
                'database', current_database(),
                'login', session_user,
                'asked_by', (select u.username from authz.users as u where u.id = me),
                'unit', jsonb_build_object('id', top.id, 'path', top.path, 'name', top.name),
                'is_whole', top.parent_id is null,
                'counts', jsonb_build_object(
                    'units', (select count(*) from tree),
                    'people', (select count(*) from people),
                    'inactive_people', (select count(*) from people as p where not p.is_active),
                    'access', (select count(*) from access as a where a.kind <> 'template'),
                    'without_effect', (
                        select count(*) from access as a where a.kind <> 'template' and not a.counts
                    ),
                    'expired', (select count(*) from ending as e where e.is_over),
                    'expiring', (select count(*) from ending as e where not e.is_over)
                ),
                'units', (select n.told from units_told as n),
                'from_outside', (
                    select coalesce(
                        jsonb_agg(a.told order by a.unit_path, a.username, a.kind, a.source_id),
                        '[]'
                    )
                    from access as a
                    where a.unit_within is null and a.base_unit_id is null and a.kind <> 'template'
                ),
                'resources', (
                    select coalesce(jsonb_agg(r.code order by r.path), '[]')
                    from authz.resources as r
                    where r.code in (
                            select k.code
                            from matrix_told as m
                            cross join lateral jsonb_object_keys(m.gives) as k (code)
                        )
                ),
                'matrix', (
                    select coalesce(
                        jsonb_agg(
                            to_jsonb(m)
                            order by
                                m.kind = 'role' desc, m.kind = 'policy' desc, m.rank desc, m.title
                        ),
                        '[]'
                    )
                    from matrix_told as m
                ),
                'templates', (
                    select coalesce(
                        jsonb_agg(to_jsonb(t) order by t.permission_key, t.unit_path), '[]'
                    )
                    from templates as t
                ),
                'reviews', (
                    select coalesce(jsonb_agg(to_jsonb(r) order by r.due, r.review_id), '[]')
                    from reviews as r
                ),
                'delegations', (
                    select coalesce(jsonb_agg(a.told order by a.valid_until, a.source_id), '[]')
                    from access as a
                    where a.kind = 'delegation' and 'expired' <> all(a.marks)
                ),
                'expired', (
                    select coalesce(jsonb_agg(e.told order by e.valid_until desc), '[]')
                    from ending as e
                    where e.is_over
                ),
                'expiring', (
                    select coalesce(jsonb_agg(e.told order by e.valid_until), '[]')
                    from ending as e
                    where not e.is_over
                ),
                'health', case
                    when has_function_privilege(caller, 'ops.health_checks(boolean)', 'execute')
                        then (
                            select jsonb_agg(to_jsonb(h) order by h.severity desc, h.name)
                            from ops.health_checks() as h
                        )
                end,
                'changes', case
                    when has_table_privilege(caller, 'audit.permission_audit_log', 'select')
                        then (
                            select coalesce(
                                jsonb_agg(to_jsonb(c) order by c.changed_at desc), '[]'
                            )
                            from authz_private.latest_changes(top_id, changes_shown) as c
                        )
                end
            )
    );
end
$$;

comment on function authz.organisation_report(int) is
    'What runner report shows of a unit and all below it (null: the tenant of who is signed in, '
    'else the only one), as one object: units with people and their access, what roles give, '
    'templates, open reviews, delegations, windows that ended or end within 30 days. health and '
    'changes are null to callers who may not read them. 28000, 42501 without permissions:read '
    'throughout the unit; 22023 absent, or several tenants and no unit.';
revoke all on function authz.organisation_report(int) from public;
grant execute on function authz.organisation_report(int)
to fundwarden_app, fundwarden_operator, fundwarden_auditor;
