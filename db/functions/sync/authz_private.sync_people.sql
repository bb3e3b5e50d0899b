-- People: what a feed states of them against what there is.

create or replace function authz_private.sync_people(
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
    with staged as materialized (
        select
            m.number,
            m.file,
            m.line,
            m.external_id,
            m.username,
            m.unit_external_id,
            m.display_name,
            m.is_active as active_said,
            authz_private.sync_switch(m.is_active) as active_stated,
            m.profile as profile_said,
            case when m.profile is not null then authz_private.sync_object(m.profile) end
                as profile,
            m.target_id
        from authz_private.sync_matched_people(scope, coalesce(differing, '{}')) as m
    ),

    existing as (
        select
            u.id,
            u.external_id,
            u.username,
            u.base_unit_id,
            u.profile,
            u.is_active,
            u.is_absent,
            n.path operator (ext.<@) scope.top_path as in_scope,
            coalesce(n.external_id, n.path::text) as unit_code
        from authz.users as u
        inner join authz.org_units as n on u.base_unit_id = n.id
        where u.tenant_id = scope.tenant_id
            and u.id = any(array(select s.target_id from staged as s))
            -- An administrator learns nothing about other parts of the tenant.
            and (scope.actor_id is null or n.path operator (ext.<@) scope.top_path)
    ),

    repeated as (
        select
            s.external_id,
            min(s.number) as first_number,
            (
                array_agg(
                    authz_private.sync_place('people', s.file, s.line, s.number) order by s.number
                )
            )[1] as first_place
        from staged as s
        where s.external_id in (
            select d.external_id
            from staged as d
            group by d.external_id
            having count(*) > 1
        )
        group by s.external_id
    ),

    units as materialized (
        select
            a.code,
            a.unit_id,
            a.in_scope,
            a.is_gone
        from authz_private.sync_units_after(scope) as a
    ),

    joined as materialized (
        select
            s.*,
            e.username as username_now,
            e.external_id as external_id_now,
            e.base_unit_id,
            e.unit_code,
            e.in_scope as was_in_scope,
            e.profile as profile_now,
            e.is_active,
            e.is_absent,
            a.unit_id,
            a.code as unit_found,
            a.in_scope,
            a.is_gone,
            coalesce(s.username, e.username, s.external_id) as username_then,
            coalesce(s.active_stated, e.is_active or e.is_absent, true) as active_then,
            case
                when s.profile is null and s.display_name is null then e.profile
                else coalesce(s.profile, e.profile, '{}')
                    || jsonb_strip_nulls(
                        jsonb_build_object(
                            'display_name',
                            coalesce(s.display_name, e.profile ->> 'display_name')
                        )
                    )
            end as profile_then,
            s.target_id is not null
            and e.external_id is null
            and s.external_id <> e.username as is_adopted,
            s.target_id is null
            or coalesce(s.username, e.username, s.external_id) <> e.username as is_renamed,
            s.unit_external_id is not null and a.unit_id is distinct from e.base_unit_id as is_moved
        from staged as s
        left join existing as e on s.target_id = e.id
        left join units as a on a.code = coalesce(s.unit_external_id, e.unit_code)
    ),

    -- Usernames that are new to their person must differ from each other and from those that stay.
    wanted_names as (
        select
            j.username_then as username,
            min(j.number) as first_number
        from joined as j
        where j.is_renamed
        group by j.username_then
    ),

    taken_names as (
        select w.username
        from wanted_names as w
        inner join authz.users as u on u.tenant_id = scope.tenant_id and w.username = u.username
        left join joined as j on u.id = j.target_id and j.is_renamed
        where j.target_id is null
    ),

    repeated_codes as (
        select
            j.number,
            r.first_place
        from joined as j
        inner join repeated as r on j.external_id = r.external_id and j.number > r.first_number
    ),

    judged as (
        select
            j.*,
            case
                when coalesce(j.external_id, '') !~ '\S'
                    then 'column external_id: is empty; enter the code of the person'
                when length(j.external_id) > 200
                    then 'column external_id: is longer than 200 characters; shorten it'
                when r.number is not null
                    then format(
                        'column external_id: %s is in the feed already (%s); remove one of the '
                        'lines',
                        quote_literal(j.external_id), r.first_place
                    )
                when j.username_then !~ '\S' or length(j.username_then) > 200
                    then 'column username: is blank or longer than 200 characters; correct it'
                when t.username is not null
                    then format(
                        'column username: %s is the name of somebody else; choose another',
                        quote_literal(j.username_then)
                    )
                when j.is_renamed and w.first_number < j.number
                    then format(
                        'column username: %s is in the feed already; choose another',
                        quote_literal(j.username_then)
                    )
                when j.unit_external_id is null and j.target_id is null
                    then 'column unit_external_id: is empty; enter the unit of the person'
                when j.unit_found is null
                    then format(
                        'column unit_external_id: unit %s is not known; add it or correct the code',
                        quote_literal(left(j.unit_external_id, 200))
                    )
                when j.is_gone
                    then format(
                        'column unit_external_id: unit %s is no longer in the feed; list it or '
                        'move the person',
                        quote_literal(j.unit_found)
                    )
                when not j.in_scope
                    then format(
                        'column unit_external_id: unit %s is not below %s; load the line with '
                        'another scope',
                        quote_literal(j.unit_found), quote_literal(scope.top_code)
                    )
                when j.active_said is not null and j.active_stated is null
                    then format(
                        'column is_active: %s is neither true nor false; correct it',
                        quote_literal(left(j.active_said, 60))
                    )
                when j.profile_said is not null and j.profile is null
                    then 'column profile: is not a JSON object; correct it'
            end as problem,
            j.target_id is not null and j.profile_then is distinct from j.profile_now
                as is_redescribed,
            j.target_id is not null and j.active_then and not j.is_active as is_back,
            j.target_id is not null and not j.active_then and j.is_active as is_leaving
        from joined as j
        left join repeated_codes as r on j.number = r.number
        left join taken_names as t on j.username_then = t.username and j.is_renamed
        left join wanted_names as w on j.username_then = w.username and j.is_renamed
    ),

    answered as (
        select
            case
                when j.target_id is null then 'add'
                when j.is_leaving then 'deactivate'
                when j.is_back then 'reactivate'
                when j.is_moved then 'move'
                when j.is_renamed then 'rename'
                when j.is_redescribed or j.is_adopted then 'change'
                else 'unchanged'
            end as action,
            j.*
        from judged as j
    ),

    missing as (
        select
            e.external_id,
            e.id
        from authz.users as e
        where e.id = any(unlisted)
    ),

    locked_out as materialized (
        select l.user_id
        from authz_private.sync_locked_out(
            scope.tenant_id,
            array(
                select m.id from missing as m
                union all
                select a.target_id from answered as a where a.action = 'deactivate'
            )
        ) as l (user_id)
    )

    select
        'person',
        a.external_id,
        a.action,
        case
            when a.action not in ('add', 'unchanged')
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'username', case when a.is_renamed then a.username_now end,
                        'unit_external_id', case when a.is_moved then a.unit_code end,
                        'profile', case
                            when a.is_redescribed and scope.actor_id is null then a.profile_now
                        end,
                        'is_active', case when a.is_back or a.is_leaving then a.is_active end
                    )
                )
        end,
        case
            when a.action = 'add'
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'username', a.username_then,
                        'unit_external_id', a.unit_external_id,
                        'profile', a.profile_then,
                        'is_active', case when not a.active_then then false end
                    )
                )
            when a.action <> 'unchanged'
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'external_id', case when a.is_adopted then a.external_id end,
                        'username', case when a.is_renamed then a.username_then end,
                        'unit_external_id', case when a.is_moved then a.unit_external_id end,
                        'profile', case when a.is_redescribed then a.profile_then end,
                        'is_active', case when a.is_back or a.is_leaving then a.active_then end
                    )
                )
        end,
        case
            when a.problem is not null
                then authz_private.sync_place('people', a.file, a.line, a.number)
                    || ', ' || a.problem
            when l.user_id is not null
                then authz_private.sync_place('people', a.file, a.line, a.number)
                    || ', column is_active: nobody else administers the tenant; keep this person'
        end,
        a.target_id,
        case
            when a.action <> 'unchanged' or a.problem is not null
                then authz_private.sync_place('people', a.file, a.line, a.number)
        end
    from answered as a
    left join locked_out as l on a.target_id = l.user_id
    union all
    select
        'person',
        m.external_id,
        'deactivate',
        '{"is_active": true}',
        '{"is_active": false}',
        case
            when l.user_id is not null
                then format(
                    'sync.people: person %s is not listed, and nobody else administers the tenant; '
                    'list this person',
                    quote_literal(m.external_id)
                )
        end,
        m.id,
        null
    from missing as m
    left join locked_out as l on m.id = l.user_id;
end
$$;

comment on function authz_private.sync_people(
    authz_private.sync_scope, bigint [], bigint []
) is
    'The plan for people.';
revoke all on function authz_private.sync_people(
    authz_private.sync_scope, bigint [], bigint []
) from public;
