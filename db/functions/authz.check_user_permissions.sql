-- Many questions in one call and one snapshot, decided together: each user's grants are read once
-- for a resource and action, each unit is placed once.

create or replace function authz.check_user_permissions(user_id bigint, requests jsonb)
returns table (resource text, action text, unit_id int, allowed boolean)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    wrong record;
    default_id bigint;
begin
    if requests is null or jsonb_typeof(requests) <> 'array' then
        raise exception 'requests must be a JSON array'
            using
                errcode = '22023',
                hint = 'Pass [{"resource": ..., "action": ..., "unit_id": ..., "context": {}}].';
    end if;
    if jsonb_array_length(requests) > 100000 then
        raise exception 'requests holds % questions', jsonb_array_length(requests)
            using errcode = '22023', hint = 'Ask at most 100000 at once.';
    end if;

    select
        e.place - 1 as place,
        case
            when jsonb_typeof(e.request) <> 'object' then 'is no object'
            when jsonb_typeof(e.request -> 'resource') is distinct from 'string'
                or not exists (
                    select from authz.resources as r where r.code = e.request ->> 'resource'
                )
                then 'resource does not exist'
            when jsonb_typeof(e.request -> 'action') is distinct from 'string'
                or e.request ->> 'action' !~ '^[a-z][a-z0-9_]{0,49}$'
                then 'action is not an action'
            when jsonb_typeof(e.request -> 'unit_id') is distinct from 'number'
                or e.request ->> 'unit_id' !~ '^-?[0-9]{1,9}$'
                then 'unit_id is not a unit'
            when jsonb_typeof(coalesce(e.request -> 'context', '{}')) not in ('object', 'null')
                then 'context must be an object'
            when jsonb_typeof(coalesce(e.request -> 'user_id', '0')) not in ('number', 'null')
                or coalesce(e.request ->> 'user_id', '0') !~ '^-?[0-9]{1,18}$'
                then 'user_id is not a user'
        end as problem
    into wrong
    from jsonb_array_elements(requests) with ordinality as e (request, place)
    where (
            jsonb_typeof(e.request) = 'object'
            and e.request ->> 'resource' in (select r.code from authz.resources as r)
            and e.request ->> 'action' ~ '^[a-z][a-z0-9_]{0,49}$'
            and jsonb_typeof(e.request -> 'unit_id') = 'number'
            and e.request ->> 'unit_id' ~ '^-?[0-9]{1,9}$'
            and jsonb_typeof(coalesce(e.request -> 'context', '{}')) in ('object', 'null')
            and jsonb_typeof(coalesce(e.request -> 'user_id', '0')) in ('number', 'null')
            and coalesce(e.request ->> 'user_id', '0') ~ '^-?[0-9]{1,18}$'
        ) is not true
    order by e.place
    limit 1;
    if found then
        raise exception 'requests[%]: %', wrong.place, wrong.problem
            using
                errcode = '22023',
                hint = 'Each is {"resource": ..., "action": ..., "unit_id": ..., "context": {}}.';
    end if;

    if exists (
        select
        from jsonb_array_elements(requests) as e (request)
        where e.request ->> 'user_id' is null
    )
    then
        default_id := authz_private.asked_user(check_user_permissions.user_id, 'user_id');
    end if;

    return query
    with asked as materialized (
        select
            e.place,
            coalesce((e.request ->> 'user_id')::bigint, default_id) as subject_id,
            e.request ->> 'resource' as resource,
            e.request ->> 'action' as action,
            (e.request ->> 'unit_id')::int as unit_id,
            nullif(e.request -> 'context', 'null') as context
        from jsonb_array_elements(requests) with ordinality as e (request, place)
    ),

    people as materialized (
        select
            s.subject_id,
            -- Any mark sends a user to the tables, which are exact whatever the mark.
            (select authz_private.view_answers_for(null)) and not exists (
                select from authz_private.policy_marks as m where m.user_id = s.subject_id
            ) as is_stored
        from (
            select authz_private.asked_user(d.subject_id, 'user_id') as subject_id
            from (select distinct a.subject_id from asked as a) as d
            offset 0
        ) as s
    ),

    questions as materialized (
        select
            q.subject_id,
            q.resource,
            q.action,
            p.is_stored
        from (select distinct a.subject_id, a.resource, a.action from asked as a) as q
        inner join people as p on q.subject_id = p.subject_id
    ),

    held as materialized (
        select
            q.subject_id,
            q.resource,
            q.action,
            h.*
        from questions as q
        cross join lateral authz_private.held_grants(
            q.subject_id, q.resource, q.action, q.is_stored
        ) as h
    ),

    decided as (
        select distinct on (a.place)
            a.place,
            h.effect,
            h.priority
        from asked as a
        inner join authz.org_units as n on a.unit_id = n.id
        inner join held as h
            on
                a.subject_id = h.subject_id
                and a.resource = h.resource
                and a.action = h.action
        where authz_private.grant_reaches(
                h.scope, h.unit_id, h.anchor_path, h.inherit_to_descendants,
                a.unit_id, n.path, coalesce(a.context ->> 'owner_id' = a.subject_id::text, false)
            )
            and (
                h.conditions is null
                or coalesce(
                    authz_private.condition_holds(
                        h.conditions, authz_private.facts(a.subject_id, a.context)
                    ),
                    h.effect = 'deny'
                )
            )
        order by a.place, h.priority desc, h.effect desc
    )

    select
        a.resource,
        a.action,
        a.unit_id,
        coalesce(
            d.effect = 'allow'
            -- Templates allow at priority 0, where deny wins.
            or coalesce(d.priority < 0, true)
            and exists (
                select
                from authz.permission_templates as t
                where t.permission_key = a.resource || '.' || a.action
            )
            and authz_private.template_allows(
                a.subject_id, n.id, n.path, a.resource || '.' || a.action
            ),
            false
        )
    from asked as a
    inner join people as p on a.subject_id = p.subject_id
    left join authz.org_units as n on a.unit_id = n.id
    left join decided as d on a.place = d.place
    order by a.place;
end
$$;

comment on function authz.check_user_permissions(bigint, jsonb) is
    'Many checks at once: requests is an array of {"resource", "action", "unit_id", "context"}, '
    'answered in order, each on its own. A request may name another user_id, asked about under the '
    'same rules. A unit that does not exist is a no. 22023 naming the request, 28000, 42501.';
revoke all on function authz.check_user_permissions(bigint, jsonb) from public;
grant execute on function authz.check_user_permissions(bigint, jsonb)
to fundwarden_app, fundwarden_operator;
