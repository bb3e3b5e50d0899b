-- authz_private.decide for many questions: each user's grants are read once for a resource and
-- action, each unit is placed once.

create or replace function authz_private.decide_all(
    user_ids bigint [], resources text [], actions text [], unit_ids int [], contexts jsonb []
)
returns table (place bigint, allowed boolean)
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return query
    with asked as materialized (
        select
            e.place,
            e.user_id,
            e.resource,
            e.action,
            e.unit_id,
            e.context
        from unnest(
            decide_all.user_ids, decide_all.resources, decide_all.actions, decide_all.unit_ids,
            decide_all.contexts
        ) with ordinality as e (user_id, resource, action, unit_id, context, place)
    ),

    questions as materialized (
        select distinct
            a.user_id,
            a.resource,
            a.action
        from asked as a
    ),

    held as materialized (
        select
            q.user_id,
            q.resource,
            q.action,
            h.*
        from questions as q
        cross join lateral authz_private.held_grants(
            q.user_id, q.resource, q.action
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
                a.user_id = h.user_id
                and a.resource = h.resource
                and a.action = h.action
        where authz_private.grant_reaches(
                h.scope, h.unit_id, h.anchor_path, h.inherit_to_descendants,
                a.unit_id, n.path, coalesce(a.context ->> 'owner_id' = a.user_id::text, false)
            )
            and authz_private.conditions_hold_for(h.conditions, h.effect, a.user_id, a.context)
        order by a.place, h.priority desc, h.effect desc
    )

    select
        a.place,
        coalesce(
            d.effect = 'allow'
            -- Templates and delegations allow at priority 0, where deny wins.
            or coalesce(d.priority < 0, true)
            and (
                k.has_templates
                and authz_private.template_allows(
                    a.user_id, n.id, n.path, a.resource || '.' || a.action
                )
                or exists (
                    select
                    from authz.delegations as d
                    where d.delegate_id = a.user_id and d.status = 'active'
                )
                and authz_private.delegation_allows(
                    a.user_id, a.resource, a.action, n.id, a.context, n.path
                )
            ),
            false
        )
    from asked as a
    left join authz.org_units as n on a.unit_id = n.id
    left join decided as d on a.place = d.place
    cross join lateral (
        select exists (
            select
            from authz.permission_templates as t
            where t.permission_key = a.resource || '.' || a.action
        ) as has_templates
    ) as k;
end
$$;

comment on function authz_private.decide_all(bigint [], text [], text [], int [], jsonb []) is
    'Answers of authz_private.decide to the questions made of the arrays, one element each, by '
    'their place from 1; in no order.';
revoke all on function authz_private.decide_all(bigint [], text [], text [], int [], jsonb [])
from public;
