-- Units: what a feed states of them against what there is. Rows of new units come top-down.

create or replace function authz_private.sync_units(
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
    with recursive existing as (
        select
            n.id,
            coalesce(n.external_id, case when c.id is null then n.path::text end) as external_id,
            n.external_id is not null as is_coded,
            n.parent_id,
            n.code,
            n.name,
            n.kind,
            n.sort_order,
            n.metadata,
            n.is_active,
            n.is_absent,
            n.path operator (ext.<@) scope.top_path as in_scope,
            n.path operator (ext.@>) scope.top_path and n.id <> scope.top_id as is_above
        from authz.org_units as n
        left join authz.org_units as c
            on n.tenant_id = c.tenant_id and n.external_id is null and c.external_id = n.path::text
        where n.tenant_id = scope.tenant_id
            -- An administrator learns nothing about other parts of the tenant.
            and (scope.actor_id is null or n.path operator (ext.<@) scope.top_path)
    ),

    staged as materialized (
        select
            s.number,
            authz_private.sync_place('units', s.file, s.line, s.number) as place,
            s.external_id,
            nullif(s.parent_external_id, '') as parent_code,
            nullif(s.name, '') as name,
            nullif(s.kind, '') as kind,
            k.kind as kind_word,
            nullif(s.sort_order, '') as sort_said,
            case
                when s.sort_order ~ '^\s*[+-]?\d{1,9}\s*$' then s.sort_order::int
            end as sort_order,
            nullif(s.metadata, '') as metadata_said,
            case
                when s.metadata <> '' then authz_private.sync_object(s.metadata)
            end as metadata,
            nullif(s.is_active, '') as active_said,
            authz_private.sync_switch(s.is_active) as active_stated,
            s.external_id = scope.top_code as is_top
        from sync.units as s
        left join (
            select
                d.kind as spelling,
                authz_private.sync_kind(d.kind) as kind
            from (select distinct o.kind from sync.units as o) as d
        ) as k on s.kind = k.spelling
        where s.loaded_by is not distinct from scope.actor_id
            and s.number > (scope.staged ->> 'units')::bigint
    ),

    repeated as (
        select
            s.external_id,
            min(s.number) as first_number,
            (array_agg(s.place order by s.number))[1] as first_place
        from staged as s
        where s.external_id in (
            select d.external_id
            from staged as d
            group by d.external_id
            having count(*) > 1
        )
        group by s.external_id
    ),

    -- Units that are not staged and still may be above one that is.
    anchors as (
        select scope.top_code as external_id
        union
        select e.external_id
        from existing as e
        where e.in_scope and not e.is_coded and e.external_id is not null
    ),

    placed (external_id, level) as (
        select
            a.external_id,
            0
        from anchors as a
        union all
        select
            s.external_id,
            p.level + 1
        from placed as p
        inner join staged as s on p.external_id = s.parent_code
        where not s.is_top
            and not exists (
                select from repeated as r
                where s.external_id = r.external_id and s.number <> r.first_number
            )
            and not exists (select from anchors as a where s.external_id = a.external_id)
    ),

    levels as (
        select
            p.external_id,
            max(p.level) as level
        from placed as p
        group by p.external_id
    ),

    -- Labels: one that is free in the whole tenant, so that no later move meets its like.
    labels_there as (
        select distinct n.code as label
        from authz.org_units as n
        where n.tenant_id = scope.tenant_id
            or n.parent_id is null and scope.tenant_id is null
    ),

    codes_new as materialized (
        select distinct s.external_id
        from staged as s
        where s.external_id ~ '\S'
            and not exists (select from existing as e where s.external_id = e.external_id)
    ),

    labels_wanted as (
        select
            s.external_id,
            s.label,
            t.label is not null as is_taken,
            row_number() over (partition by s.label order by s.external_id) as turn
        from (
            select
                d.external_id,
                authz_private.sync_label(d.external_id) as label
            from codes_new as d
        ) as s
        left join labels_there as t on s.label = t.label
    ),

    labels_free as (
        select
            c.label,
            f.candidate,
            row_number() over (partition by c.label order by f.turn) as turn
        from (
            select
                w.label,
                max(w.turn) as wanted
            from labels_wanted as w
            where w.is_taken or w.turn > 1
            group by w.label
        ) as c
        cross join lateral (
            select
                g.turn,
                left(c.label, 48 - length(g.turn::text)) || '__' || g.turn as candidate
            from generate_series(
                2,
                c.wanted + 2
                + (
                    select count(*)
                    from labels_there as t
                    where left(t.label, 40) = left(c.label, 40)
                )
            ) as g (turn)
        ) as f
        where not exists (select from labels_there as t where t.label = f.candidate)
            and not exists (select from labels_wanted as w where w.label = f.candidate)
    ),

    labels as (
        select
            w.external_id,
            case when w.turn = 1 and not w.is_taken then w.label else f.candidate end as label
        from labels_wanted as w
        left join labels_free as f
            on w.label = f.label
            and f.turn = case when w.is_taken then w.turn else w.turn - 1 end
    ),

    joined as (
        select
            s.*,
            e.id,
            e.in_scope,
            e.is_above,
            e.code,
            e.name as name_now,
            e.kind as kind_now,
            e.sort_order as sort_now,
            e.metadata as metadata_now,
            e.is_active,
            e.is_absent,
            up.external_id as parent_now,
            s.parent_code is not null and not s.is_top
            and s.parent_code is distinct from up.external_id as is_moved,
            s.name is not null and s.name is distinct from e.name as is_renamed,
            s.kind_word is not null and s.kind_word is distinct from e.kind as is_other_kind,
            s.sort_order is not null and s.sort_order is distinct from e.sort_order as is_resorted,
            s.metadata is not null and s.metadata is distinct from e.metadata as is_redescribed,
            e.id is not null
            and not e.is_active
            and coalesce(s.active_stated, e.is_absent) as is_back,
            e.id is not null and e.is_active and not s.active_stated as is_leaving
        from staged as s
        left join existing as e on s.external_id = e.external_id
        left join existing as up on e.parent_id = up.id
    ),

    -- Labels among siblings as they will be, where a unit of a tenant of its own making moves.
    clashing as (
        select
            j.external_id,
            j.code
        from joined as j
        where j.is_moved
            and j.id is not null
            and exists (
                select
                from existing as e
                left join existing as up on e.parent_id = up.id
                left join joined as o on e.external_id = o.external_id
                where e.code = j.code
                    and e.id <> j.id
                    and coalesce(o.parent_code, up.external_id) = j.parent_code
            )
    ),

    judged as (
        select
            j.*,
            l.level,
            case
                when coalesce(j.external_id, '') !~ '\S'
                    then 'column external_id: is empty; enter the code of the unit'
                when length(j.external_id) > 200
                    then 'column external_id: is longer than 200 characters; shorten it'
                when r.first_number < j.number
                    then format(
                        'column external_id: %s is in the feed already (%s); remove one of the '
                        'lines',
                        quote_literal(j.external_id), r.first_place
                    )
                when j.kind is not null and j.kind_word is null
                    then 'column kind: is blank; enter a word'
                when length(j.kind) > 100
                    then 'column kind: is longer than 100 characters; shorten it'
                when j.sort_said is not null and j.sort_order is null
                    then format(
                        'column sort_order: %s is not a whole number; correct it',
                        quote_literal(left(j.sort_said, 60))
                    )
                when j.metadata_said is not null and j.metadata is null
                    then 'column metadata: is not a JSON object; correct it'
                when j.active_said is not null and j.active_stated is null
                    then format(
                        'column is_active: %s is neither true nor false; correct it',
                        quote_literal(left(j.active_said, 60))
                    )
                when j.is_top and not j.active_stated
                    then format(
                        'column is_active: unit %s is the top of the scope and stays active',
                        quote_literal(j.external_id)
                    )
                when j.is_top
                    and j.parent_code is not null
                    and (j.parent_now is not null or scope.actor_id is null)
                    and j.parent_code is distinct from j.parent_now
                    then format(
                        'column parent_external_id: unit %s is the top of the scope; leave it '
                        'empty',
                        quote_literal(j.external_id)
                    )
                when j.is_top then null
                when j.parent_code is null
                    then format(
                        'column parent_external_id: is empty; enter the unit above, such as %s',
                        quote_literal(scope.top_code)
                    )
                when j.is_above
                    then format(
                        'column external_id: unit %s is above %s; leave the line out',
                        quote_literal(j.external_id), quote_literal(scope.top_code)
                    )
                when p.external_id is null and a.external_id is null and o.in_scope
                    then format(
                        'column parent_external_id: unit %s is no longer in the feed; list it too',
                        quote_literal(j.parent_code)
                    )
                when p.external_id is null and a.external_id is null and o.id is not null
                    then format(
                        'column parent_external_id: unit %s is not below %s; load the line with '
                        'another scope',
                        quote_literal(j.parent_code), quote_literal(scope.top_code)
                    )
                when p.external_id is null and a.external_id is null
                    then format(
                        'column parent_external_id: unit %s is not known; add it or correct the '
                        'code',
                        quote_literal(left(j.parent_code, 200))
                    )
                when l.level is null
                    then format(
                        'column parent_external_id: unit %s is in a cycle, or below a unit with a '
                        'problem; correct the units above it',
                        quote_literal(j.external_id)
                    )
                when c.external_id is not null
                    then format(
                        'column parent_external_id: the label %s of the unit is taken below %s; '
                        'rename the other unit',
                        j.code, quote_literal(j.parent_code)
                    )
            end as problem
        from joined as j
        left join repeated as r on j.external_id = r.external_id
        left join levels as l on j.external_id = l.external_id
        left join (select distinct s.external_id from staged as s) as p
            on j.parent_code = p.external_id
        left join anchors as a on j.parent_code = a.external_id
        left join existing as o on j.parent_code = o.external_id
        left join clashing as c on j.external_id = c.external_id
    ),

    answered as (
        select
            j.level,
            j.number,
            j.external_id,
            case
                when j.id is null then 'add'
                when j.is_leaving then 'deactivate'
                when j.is_back then 'reactivate'
                when j.is_moved then 'move'
                when j.is_renamed then 'rename'
                when j.is_other_kind or j.is_resorted or j.is_redescribed then 'change'
                else 'unchanged'
            end as action,
            case
                when j.id is not null
                    and (
                        j.is_back or j.is_leaving or j.is_moved or j.is_renamed or j.is_other_kind
                        or j.is_resorted or j.is_redescribed
                    )
                    then jsonb_strip_nulls(
                        jsonb_build_object(
                            'parent_external_id', case when j.is_moved then j.parent_now end,
                            'name', case when j.is_renamed then j.name_now end,
                            'kind', case when j.is_other_kind then j.kind_now end,
                            'sort_order', case when j.is_resorted then j.sort_now end,
                            'metadata', case when j.is_redescribed then j.metadata_now end,
                            'is_active', case when j.is_back or j.is_leaving then j.is_active end
                        )
                    )
            end as before,
            case
                when j.id is null
                    then jsonb_strip_nulls(
                        jsonb_build_object(
                            'parent_external_id', j.parent_code,
                            'code', b.label,
                            'name', j.name,
                            'kind', j.kind,
                            'sort_order', j.sort_order,
                            'metadata', j.metadata,
                            'is_active', case when not j.active_stated then false end
                        )
                    )
                when j.is_back or j.is_leaving or j.is_moved or j.is_renamed or j.is_other_kind
                    or j.is_resorted or j.is_redescribed
                    then jsonb_strip_nulls(
                        jsonb_build_object(
                            'parent_external_id', case when j.is_moved then j.parent_code end,
                            'name', case when j.is_renamed then j.name end,
                            'kind', case when j.is_other_kind then j.kind end,
                            'sort_order', case when j.is_resorted then j.sort_order end,
                            'metadata', case when j.is_redescribed then j.metadata end,
                            'is_active', case when j.is_back or j.is_leaving then j.is_back end
                        )
                    )
            end as after,
            j.problem,
            j.id::bigint as target_id,
            j.place
        from judged as j
        left join labels as b on j.external_id = b.external_id
        union all
        select
            null,
            null,
            e.external_id,
            'deactivate',
            '{"is_active": true}',
            '{"is_active": false}',
            null,
            e.id,
            null
        from existing as e
        where e.in_scope
            and e.is_coded
            and e.is_active
            and e.id <> scope.top_id
            and not exists (select from staged as s where s.external_id = e.external_id)
    )

    select
        'unit',
        a.external_id,
        a.action,
        a.before,
        a.after,
        a.place || ', ' || a.problem,
        a.target_id,
        a.place
    from answered as a
    order by a.level nulls first, a.number;
end
$$;

comment on function authz_private.sync_units(
    authz_private.sync_scope, bigint [], bigint []
) is
    'The plan for units, those above before those below.';
revoke all on function authz_private.sync_units(
    authz_private.sync_scope, bigint [], bigint []
) from public;
