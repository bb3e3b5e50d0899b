-- Grants of roles: what a feed states of them against what there is. A grant is known by its
-- person, role and unit, and by the beginning of its window.

create or replace function authz_private.sync_grants(
    scope authz_private.sync_scope, differing bigint [], unlisted bigint []
)
returns setof authz_private.sync_change
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set jit = off
set enable_nestloop = off
set enable_mergejoin = off
set work_mem = '128MB'
as $$
#variable_conflict use_column
begin
    return query
    with units as materialized (
        select
            a.code,
            a.unit_id,
            a.in_scope,
            a.is_gone
        from authz_private.sync_units_after(scope) as a
    ),

    roles as materialized (
        select distinct on (r.code)
            r.code,
            r.role_id,
            r.is_gone
        from (
            select
                r.code,
                r.id as role_id,
                scope.staged ? 'roles'
                and r.source = 'feed'
                and scope.top_id = scope.tenant_id
                and not exists (
                    select
                    from sync.roles as s
                    where s.code = r.code
                        and s.loaded_by is not distinct from scope.actor_id
                        and s.number > (scope.staged ->> 'roles')::bigint
                ) as is_gone,
                1 as preference
            from authz.roles as r
            where r.tenant_id = scope.tenant_id
            union all
            select
                s.code,
                null,
                false,
                2
            from sync.roles as s
            where s.loaded_by is not distinct from scope.actor_id
                and s.number > (scope.staged ->> 'roles')::bigint
            union all
            select
                r.code,
                r.id,
                false,
                3
            from authz.roles as r
            where r.tenant_id is null
        ) as r
        order by r.code, r.preference
    ),

    staged as materialized (
        select
            s.number,
            s.file,
            s.line,
            nullif(s.person_external_id, '') as person_code,
            nullif(s.role_code, '') as role_code,
            nullif(s.unit_external_id, '') as unit_code,
            nullif(s.inherit_to_descendants, '') as inherit_said,
            authz_private.sync_switch(s.inherit_to_descendants) as inherit_stated,
            nullif(s.valid_from, '') as from_said,
            case when s.valid_from <> '' then authz_private.sync_instant(s.valid_from) end
                as valid_from,
            nullif(s.valid_until, '') as until_said,
            case when s.valid_until <> '' then authz_private.sync_instant(s.valid_until) end
                as valid_until
        from sync.grants as s
        where s.loaded_by is not distinct from scope.actor_id
            and s.number > (scope.staged ->> 'grants')::bigint
            and s.number = any(differing)
    ),

    people as materialized (
        select
            a.code,
            a.user_id,
            a.in_scope
        from authz_private.sync_people_after(
            scope, array(select distinct s.person_code from staged as s)
        ) as a
    ),

    joined as materialized (
        select
            s.*,
            p.code as person_found,
            p.user_id,
            p.in_scope as person_in_scope,
            r.code as role_found,
            r.role_id,
            r.is_gone as role_is_gone,
            a.code as unit_found,
            a.unit_id,
            a.in_scope,
            a.is_gone
        from staged as s
        left join people as p on s.person_code = p.code
        left join roles as r on s.role_code = r.code
        left join units as a on s.unit_code = a.code
    ),

    existing as (
        select
            h.id,
            h.user_id,
            h.role_id,
            h.unit_id,
            h.inherit_to_descendants,
            h.valid_from,
            h.valid_until,
            h.source
        from authz.user_roles as h
        left join authz.org_units as n on h.unit_id = n.id
        where h.tenant_id = scope.tenant_id
            and h.user_id = any(
                array(select j.user_id from joined as j where j.user_id is not null)
            )
            -- Without a unit, a role comes along with a person who is transferred into the scope.
            and (h.unit_id is null or n.path operator (ext.<@) scope.top_path)
    ),

    -- Lines of the same thing: their windows must not overlap.
    several as (
        select
            s.person_code,
            s.role_code,
            s.unit_code
        from staged as s
        group by s.person_code, s.role_code, s.unit_code
        having count(*) > 1
    ),

    ordered as (
        select
            s.number,
            lag(authz_private.sync_place('grants', s.file, s.line, s.number)) over same as earlier,
            max(coalesce(s.valid_until, 'infinity')) over (
                same rows between unbounded preceding and 1 preceding
            ) > coalesce(s.valid_from, '-infinity') as is_overlapping
        from staged as s
        inner join several as o
            on s.person_code = o.person_code
            and s.role_code = o.role_code
            and s.unit_code is not distinct from o.unit_code
        window same as (
            partition by s.person_code, s.role_code, s.unit_code
            order by coalesce(s.valid_from, '-infinity'), s.number
        )
    ),

    matched as (
        select
            j.*,
            e.id,
            e.inherit_to_descendants as inherit_now,
            e.valid_until as until_now,
            e.id is not null and e.valid_until is distinct from j.valid_until as is_until_changed,
            e.id is not null
            and j.inherit_stated is not null
            and e.inherit_to_descendants <> j.inherit_stated as is_inherit_changed,
            o.earlier,
            o.is_overlapping
        from joined as j
        left join existing as e
            on j.user_id = e.user_id
            and j.role_id = e.role_id
            and coalesce(j.unit_id, 0) = coalesce(e.unit_id, 0)
            and (j.unit_code is null) = (e.unit_id is null)
            and coalesce(j.valid_from, '-infinity') = coalesce(e.valid_from, '-infinity')
        left join ordered as o on j.number = o.number and o.is_overlapping
    ),

    -- What people gave by hand stays: a line that would overlap it has a problem.
    by_hand as (
        select distinct m.number
        from matched as m
        inner join existing as e
            on m.user_id = e.user_id
            and m.role_id = e.role_id
            and coalesce(m.unit_id, 0) = coalesce(e.unit_id, 0)
            and (m.unit_code is null) = (e.unit_id is null)
        where e.source = 'person'
            and (e.id is distinct from m.id or m.is_until_changed or m.is_inherit_changed)
            and coalesce(e.valid_from, '-infinity') < coalesce(m.valid_until, 'infinity')
            and coalesce(m.valid_from, '-infinity') < coalesce(e.valid_until, 'infinity')
    ),

    judged as (
        select
            m.*,
            concat_ws('/', m.person_code, m.role_code, m.unit_code) as external_id,
            case
                when m.person_code is null
                    then 'column person_external_id: is empty; enter the code of the person'
                when m.person_found is null
                    then format(
                        'column person_external_id: person %s is not known; add them or correct '
                        'the code',
                        quote_literal(left(m.person_code, 200))
                    )
                when m.role_code is null
                    then 'column role_code: is empty; enter the code of the role'
                when m.role_found is null
                    then format(
                        'column role_code: role %s is not known; add it or correct the code',
                        quote_literal(left(m.role_code, 60))
                    )
                when m.role_is_gone
                    then format(
                        'column role_code: role %s is no longer in the feed; list it or leave the '
                        'line out',
                        quote_literal(m.role_code)
                    )
                when m.unit_code is null and not m.person_in_scope
                    then format(
                        'column person_external_id: person %s does not belong below %s; load the '
                        'line with another scope',
                        quote_literal(m.person_code), quote_literal(scope.top_code)
                    )
                when m.unit_code is not null and m.unit_found is null
                    then format(
                        'column unit_external_id: unit %s is not known; add it or correct the code',
                        quote_literal(left(m.unit_code, 200))
                    )
                when m.is_gone
                    then format(
                        'column unit_external_id: unit %s is no longer in the feed; list it or '
                        'leave the line out',
                        quote_literal(m.unit_code)
                    )
                when not m.in_scope
                    then format(
                        'column unit_external_id: unit %s is not below %s; load the line with '
                        'another scope',
                        quote_literal(m.unit_code), quote_literal(scope.top_code)
                    )
                when m.inherit_said is not null and m.inherit_stated is null
                    then format(
                        'column inherit_to_descendants: %s is neither true nor false; correct it',
                        quote_literal(left(m.inherit_said, 60))
                    )
                when m.from_said is not null and m.valid_from is null
                    then format(
                        'column valid_from: %s is not a date; write it as 2026-03-31 or '
                        '2026-03-31T08:00:00Z',
                        quote_literal(left(m.from_said, 60))
                    )
                when m.until_said is not null and m.valid_until is null
                    then format(
                        'column valid_until: %s is not a date; write it as 2026-03-31 or '
                        '2026-03-31T08:00:00Z',
                        quote_literal(left(m.until_said, 60))
                    )
                when m.valid_from >= m.valid_until
                    then 'column valid_until: is not after valid_from; correct the window'
                when m.is_overlapping
                    then format(
                        'column valid_from: the window overlaps the one of %s; correct one of them',
                        m.earlier
                    )
                when h.number is not null
                    then 'column valid_from: the window overlaps one that a person gave by hand; '
                        || 'leave the line out or revoke the other'
            end as problem
        from matched as m
        left join by_hand as h on m.number = h.number
    )

    select
        'grant',
        j.external_id,
        case
            when j.id is null then 'add'
            when j.is_until_changed or j.is_inherit_changed then 'change'
            else 'unchanged'
        end,
        case
            when j.id is not null and (j.is_until_changed or j.is_inherit_changed)
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'valid_until', case when j.is_until_changed then j.until_now end,
                        'inherit_to_descendants', case
                            when j.is_inherit_changed then j.inherit_now
                        end
                    )
                )
        end,
        case
            when j.id is null
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'person_external_id', j.person_code,
                        'role_code', j.role_code,
                        'unit_external_id', j.unit_code,
                        'inherit_to_descendants', coalesce(j.inherit_stated, true),
                        'valid_from', j.valid_from,
                        'valid_until', j.valid_until
                    )
                )
            when j.is_until_changed or j.is_inherit_changed
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'inherit_to_descendants', coalesce(j.inherit_stated, j.inherit_now),
                        'valid_until', j.valid_until
                    )
                )
        end,
        case
            when j.problem is not null
                then authz_private.sync_place('grants', j.file, j.line, j.number)
                    || ', ' || j.problem
        end,
        j.id,
        case
            when j.id is null or j.is_until_changed or j.is_inherit_changed
                then authz_private.sync_place('grants', j.file, j.line, j.number)
        end
    from judged as j
    union all
    select
        'grant',
        concat_ws(
            '/', coalesce(u.external_id, u.username), r.code,
            coalesce(n.external_id, n.path::text)
        ),
        'remove',
        jsonb_strip_nulls(
            jsonb_build_object(
                'person_external_id', coalesce(u.external_id, u.username),
                'role_code', r.code,
                'unit_external_id', coalesce(n.external_id, n.path::text),
                'inherit_to_descendants', e.inherit_to_descendants,
                'valid_from', e.valid_from,
                'valid_until', e.valid_until
            )
        ),
        null,
        null,
        e.id,
        null
    from authz.user_roles as e
    inner join authz.users as u on e.user_id = u.id
    inner join authz.roles as r on e.role_id = r.id
    left join authz.org_units as n on e.unit_id = n.id
    where e.id = any(unlisted) and not exists (select from matched as m where m.id = e.id);
end
$$;

comment on function authz_private.sync_grants(
    authz_private.sync_scope, bigint [], bigint []
) is
    'The plan for grants.';
revoke all on function authz_private.sync_grants(
    authz_private.sync_scope, bigint [], bigint []
) from public;
