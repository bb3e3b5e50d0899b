-- The change is really made, by the function that would make it, and undone: so it needs the same
-- rights and meets the same triggers. It is made twice: first to learn whom it concerns, then to
-- see what they reach with it. Variables outlive what is undone.

create or replace function authz.preview(action text, arguments jsonb)
returns table (
    kind text,
    user_id bigint,
    username text,
    resource text,
    permitted_action text,
    unit_id int,
    unit_path text,
    unit_count bigint,
    own_rows boolean,
    rows_before bigint,
    rows_after bigint,
    detail jsonb
)
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    most_people constant int := 200000;
    most_classes constant int := 100000;
    most_questions constant int := 20000;
    most_units constant int := 2000000;
    most_listed constant int := 1000;
    most_counted constant int := 20;
    me bigint := authz_private.signed_in_user();
    call text := authz_private.previewed_call(preview.action, preview.arguments);
    last_row bigint;
    status text;
    concerned bigint [];
    keys_after uuid [];
    class_of bigint [];
    classes bigint [];
    before_users bigint [];
    before_resources text [];
    before_actions text [];
    before_signatures uuid [];
    before_reaches jsonb [];
    known_before text [];
    known_after text [];
    changed_users bigint [];
    changed_resources text [];
    changed_actions text [];
    like_users bigint [];
    asked_users bigint [];
    asked_resources text [];
    asked_actions text [];
    reaches_after jsonb [];
    reaches_before jsonb [];
    questions bigint;
    size bigint;
    is_small boolean;
    units_after text [];
    own_after boolean [];
    units_before text [];
    own_before boolean [];
    visible_units int [];
    counted_users bigint [];
    counted_resources text [];
    counts_before bigint [];
    counts_after bigint [];
begin
    begin
        select s.last_value into last_row from audit.permission_audit_log_id as s;
        execute call into status;
        concerned := array(select p.id from authz_private.people_concerned(last_row) as p (id));
        if cardinality(concerned) <= most_people then
            keys_after := authz_private.access_keys(concerned);
        end if;
        raise exception using errcode = 'FWUND';
    exception
        when sqlstate 'FWUND' then null;
    end;
    if cardinality(concerned) > most_people then
        raise exception 'action concerns more than % users', most_people
            using errcode = '57014', hint = 'Preview a change of a smaller part.';
    end if;

    class_of := array(
        select min(k.id) over (partition by k.key_before, k.key_after)
        from unnest(
            concerned, authz_private.access_keys(concerned), keys_after
        ) with ordinality as k (id, key_before, key_after, place)
        order by k.place
    );
    classes := array(select distinct c.id from unnest(class_of) as c (id));
    if cardinality(classes) > most_classes then
        raise exception 'action concerns more than % users who hold different grants', most_classes
            using errcode = '57014', hint = 'Preview a change of a smaller part.';
    end if;
    select
        array_agg(s.user_id),
        array_agg(s.resource),
        array_agg(s.action),
        array_agg(s.signature),
        array_agg(s.reach)
    into before_users, before_resources, before_actions, before_signatures, before_reaches
    from authz_private.access_signatures(classes) as s;
    known_before := array(select n.action from authz_private.named_actions() as n (action));
    -- Only people whom the caller may ask about are told of, or counted.
    select r.unit_ids into visible_units
    from authz_private.reached_units(me, 'permissions', 'read') as r;

    begin
        execute call into status;
        known_after := array(select n.action from authz_private.named_actions() as n (action));
        -- Of those whose signatures change alike one is asked.
        select
            array_agg(c.user_id),
            array_agg(c.resource),
            array_agg(c.action),
            array_agg(c.like_user),
            array_agg(c.like_user) filter (where c.is_asked),
            array_agg(c.resource) filter (where c.is_asked),
            array_agg(c.action) filter (where c.is_asked),
            array_agg(c.reach_before) filter (where c.is_asked),
            array_agg(c.reach_after) filter (where c.is_asked),
            count(*) filter (
                where c.is_asked and (c.reach_before is null or c.reach_after is null)
            ),
            sum(
                coalesce((c.reach_before ->> 'size')::bigint, 0)
                + coalesce((c.reach_after ->> 'size')::bigint, 0)
            ) filter (where c.is_asked)
        into
            changed_users, changed_resources, changed_actions, like_users, asked_users,
            asked_resources, asked_actions, reaches_before, reaches_after, questions, size
        from (
            select
                d.*,
                d.user_id = d.like_user as is_asked
            from (
                select
                    coalesce(a.user_id, b.user_id) as user_id,
                    coalesce(a.resource, b.resource) as resource,
                    coalesce(a.action, b.action) as action,
                    -- No signature: nothing held, or an action that nothing named at that moment.
                    case
                        when a.user_id is not null then a.reach
                        when b.action = any(known_after) then '{}'
                    end as reach_after,
                    case
                        when b.user_id is not null then b.reach
                        when a.action = any(known_before) then '{}'
                    end as reach_before,
                    min(coalesce(a.user_id, b.user_id)) over (
                        partition by
                            coalesce(a.resource, b.resource), coalesce(a.action, b.action),
                            a.signature, b.signature
                    ) as like_user
                from authz_private.access_signatures(classes) as a
                full join unnest(
                    before_users, before_resources, before_actions, before_signatures,
                    before_reaches
                ) as b (user_id, resource, action, signature, reach)
                    on
                        a.user_id = b.user_id
                        and a.resource = b.resource
                        and a.action = b.action
                where a.signature is distinct from b.signature
            ) as d
        ) as c;
        is_small := questions <= most_questions and coalesce(size, 0) <= most_units;
        if is_small then
            select
                array_agg(r.unit_ids order by r.place),
                array_agg(r.own_rows order by r.place)
            into units_after, own_after
            from authz_private.reached_by_each(
                asked_users, asked_resources, asked_actions, reaches_after
            ) with ordinality as r (unit_ids, own_rows, place);
        end if;
        select
            array_agg(w.id),
            array_agg(w.resource)
        into counted_users, counted_resources
        from (
            select
                p.id,
                q.resource
            from unnest(concerned, class_of) as p (id, class_id)
            inner join unnest(changed_users, changed_resources, changed_actions)
                as q (user_id, resource, action)
                on p.class_id = q.user_id and q.action = 'read'
            inner join authz.users as u on p.id = u.id
            where authz_private.may_ask_about(me, visible_units, u.id, u.base_unit_id)
                -- Those whose rows authz_private.rows_seen_by counts.
                and (
                    q.resource = 'funds'
                    or q.resource in (
                        select d.resource from authz.datasets as d where d.owners is not null
                    )
                )
            order by p.id, q.resource
            limit most_counted
        ) as w;
        counts_after := array(
            select authz_private.rows_seen_by(w.id, w.resource)
            from unnest(counted_users, counted_resources) as w (id, resource)
        );
        raise exception using errcode = 'FWUND';
    exception
        when sqlstate 'FWUND' then null;
    end;
    if not is_small then
        raise exception 'action changes more than % scopes that differ, or % units of such scopes',
            most_questions, most_units
            using errcode = '57014', hint = 'Preview a change of a smaller part.';
    end if;

    select
        array_agg(r.unit_ids order by r.place),
        array_agg(r.own_rows order by r.place)
    into units_before, own_before
    from authz_private.reached_by_each(
        asked_users, asked_resources, asked_actions, reaches_before
    ) with ordinality as r (unit_ids, own_rows, place);
    counts_before := array(
        select authz_private.rows_seen_by(w.id, w.resource)
        from unnest(counted_users, counted_resources) as w (id, resource)
    );
    perform audit.record(
        'PREVIEW', jsonb_build_object('action', preview.action, 'arguments', preview.arguments)
    );

    return query
    with differences as materialized (
        select
            q.like_user,
            q.resource,
            q.action,
            d.kind,
            d.units,
            d.own
        from unnest(
            asked_users, asked_resources, asked_actions, units_before, units_after, own_before,
            own_after
        ) as q (
            like_user, resource, action, units_before, units_after, own_before, own_after
        )
        cross join lateral (
            select
                'gain' as kind,
                array(
                    select unnest(q.units_after::int []) except select unnest(q.units_before::int [])
                ) as units,
                q.own_after and not q.own_before as own
            union all
            select
                'lose',
                array(
                    select unnest(q.units_before::int []) except select unnest(q.units_after::int [])
                ),
                q.own_before and not q.own_after
        ) as d
        where d.units <> '{}' or d.own
    ),

    placed as materialized (
        select
            c.*,
            top.id as unit_id,
            top.path
        from differences as c
        left join lateral (
            select
                n.id,
                n.path
            from authz.org_units as n
            where n.id = any(c.units)
            order by n.level, n.path
            limit 1
        ) as top on true
    ),

    changes as materialized (
        select
            q.class_id,
            d.*
        from unnest(changed_users, changed_resources, changed_actions, like_users)
            as q (class_id, resource, action, like_user)
        inner join placed as d
            on
                q.like_user = d.like_user
                and q.resource = d.resource
                and q.action = d.action
    ),

    people as materialized (
        select
            p.id,
            p.class_id,
            u.username
        from unnest(concerned, class_of) as p (id, class_id)
        inner join authz.users as u on p.id = u.id
        where authz_private.may_ask_about(me, visible_units, u.id, u.base_unit_id)
            and p.class_id in (select c.class_id from changes as c)
    ),

    per_class as materialized (
        select
            p.class_id,
            count(*) as members
        from people as p
        group by p.class_id
    ),

    listed as (
        select p.*
        from people as p
        order by p.id
        limit most_listed
    ),

    found as (
        select
            0 as place,
            'summary' as kind,
            null::bigint as user_id,
            null as username,
            null as resource,
            null as action,
            null::int as unit_id,
            null as unit_path,
            null::bigint as unit_count,
            null::boolean as own,
            null::bigint as rows_before,
            null::bigint as rows_after,
            jsonb_build_object(
                'status', status,
                'users', (select count(*) from people),
                'users_listed', (select count(*) from listed),
                'gaining', coalesce(sum(k.members) filter (where k.gains), 0),
                'losing', coalesce(sum(k.members) filter (where k.loses), 0)
            ) as detail
        from (
            select
                p.class_id,
                p.members,
                bool_or(c.kind = 'gain') as gains,
                bool_or(c.kind = 'lose') as loses
            from per_class as p
            inner join changes as c on p.class_id = c.class_id
            group by p.class_id, p.members
        ) as k
        union all
        select
            1,
            'summary',
            null,
            null,
            c.resource,
            c.action,
            null,
            null,
            null,
            null,
            null,
            null,
            jsonb_build_object(
                'gaining', coalesce(sum(p.members) filter (where c.kind = 'gain'), 0),
                'losing', coalesce(sum(p.members) filter (where c.kind = 'lose'), 0)
            )
        from changes as c
        inner join per_class as p on c.class_id = p.class_id
        group by c.resource, c.action
        union all
        select
            2,
            c.kind,
            l.id,
            l.username,
            c.resource,
            c.action,
            c.unit_id,
            c.path::text,
            cardinality(c.units),
            c.own,
            w.counted_before,
            w.counted_after,
            null
        from listed as l
        inner join changes as c on l.class_id = c.class_id
        left join unnest(counted_users, counted_resources, counts_before, counts_after)
            as w (id, resource, counted_before, counted_after)
            on l.id = w.id and c.resource = w.resource and c.action = 'read'
    )

    select
        f.kind,
        f.user_id,
        f.username,
        f.resource,
        f.action,
        f.unit_id,
        f.unit_path,
        f.unit_count,
        f.own,
        f.rows_before,
        f.rows_after,
        f.detail
    from found as f
    order by f.place, f.user_id, f.resource, f.action, f.kind;
end
$$;

comment on function authz.preview(text, jsonb) is
    'Who would gain and who would lose what, if the administration function named by action were '
    'called with the arguments: nothing is changed, and the log says PREVIEW. First rows summary: '
    'of all, then per resource and action; detail counts the users. Then gain and lose, for the '
    'first 1000 users: the topmost unit, how many units, own_rows where the change is about rows '
    'they own, and for the first 20 pairs of user and resource how many rows the user reads before '
    'and after. Only users whom the caller may ask about are told and counted. Same rights and '
    'errors as the function; 22023 for an action or arguments that cannot be meant; 57014 for a '
    'change that concerns too many.';
revoke all on function authz.preview(text, jsonb) from public;
grant execute on function authz.preview(text, jsonb) to fundwarden_app;
