-- Many questions in one call and one snapshot, decided together.

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
        default_id := authz_private.user_in_question(check_user_permissions.user_id, 'user_id');
    end if;

    perform authz_private.user_in_question(d.subject_id, 'user_id')
    from (
        select distinct coalesce((e.request ->> 'user_id')::bigint, default_id) as subject_id
        from jsonb_array_elements(requests) as e (request)
    ) as d;

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

    decided as (
        select d.*
        from (
            select
                array_agg(a.subject_id order by a.place) as subject_ids,
                array_agg(a.resource order by a.place) as resources,
                array_agg(a.action order by a.place) as actions,
                array_agg(a.unit_id order by a.place) as unit_ids,
                array_agg(a.context order by a.place) as contexts
            from asked as a
        ) as q
        cross join lateral authz_private.decide_all(
            q.subject_ids, q.resources, q.actions, q.unit_ids, q.contexts
        ) as d
    )

    select
        a.resource,
        a.action,
        a.unit_id,
        d.allowed
    from asked as a
    inner join decided as d on a.place = d.place
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
