-- The decision of authz_private.decide with every grant it considered, and what became of each.

create or replace function authz_private.explain_grants(
    user_id bigint, resource text, action text, unit_id int, context jsonb
)
returns table (
    counted boolean,
    decisive boolean,
    reason text,
    assignment_type text,
    source_id bigint,
    role_path text,
    policy_name text,
    permission text,
    effect authz.policy_effect,
    priority int,
    grant_unit_id int,
    grant_unit_path text,
    inherit_to_descendants boolean,
    valid_from timestamptz,
    valid_until timestamptz,
    conditions jsonb,
    condition_result text
)
language sql stable security invoker parallel safe
begin atomic
    with asked as (
        select
            n.id,
            n.path,
            coalesce(
                explain_grants.context ->> 'owner_id' = explain_grants.user_id::text, false
            ) as is_owner
        from authz.org_units as n
        where n.id = explain_grants.unit_id
    ),

    tested as (
        select
            g.assignment_type,
            g.source_id,
            g.role_path,
            g.policy_name,
            g.permission_id,
            g.permission,
            g.effect,
            g.priority,
            g.scope,
            g.conditions,
            g.unit_id,
            g.unit_path,
            g.anchor_path,
            g.inherit_to_descendants,
            g.valid_from,
            g.valid_until,
            g.refusal,
            a.path as asked_path,
            authz_private.grant_reaches(
                g.scope, g.unit_id, g.anchor_path, g.inherit_to_descendants,
                a.id, a.path, a.is_owner
            ) as reaches,
            case
                when g.conditions is null then true
                else authz_private.condition_holds(
                    g.conditions,
                    authz_private.facts(explain_grants.user_id, explain_grants.context)
                )
            end as holds
        from asked as a
        inner join authz_private.grants_of(
            explain_grants.user_id, explain_grants.resource, explain_grants.action
        ) as g on true
        union all
        select
            'template' as assignment_type,
            t.template_id as source_id,
            null::text as role_path,
            null::text as policy_name,
            0 as permission_id,
            explain_grants.resource || '.' || explain_grants.action as permission,
            'allow'::authz.policy_effect as effect,
            0 as priority,
            'team'::authz.permission_scope as scope,
            null::jsonb as conditions,
            t.unit_id,
            t.unit_path,
            t.unit_path as anchor_path,
            true as inherit_to_descendants,
            null::timestamptz as valid_from,
            null::timestamptz as valid_until,
            case
                when not t.is_enabled and t.is_locked then 'the template is disabled and locked'
                when not t.is_enabled then 'the template is disabled'
                when not authz_private.template_allows(
                    explain_grants.user_id, a.id, a.path,
                    explain_grants.resource || '.' || explain_grants.action
                )
                    then format('no role of rank %s or more is held there', t.min_role_rank)
            end as refusal,
            a.path as asked_path,
            true as reaches,
            true as holds
        from asked as a
        cross join lateral authz_private.template_at(
            a.path, explain_grants.resource || '.' || explain_grants.action
        ) as t
        union all
        select
            'delegation' as assignment_type,
            d.id as source_id,
            null::text as role_path,
            null::text as policy_name,
            0 as permission_id,
            format('%s:%s', explain_grants.resource, d.action) as permission,
            'allow'::authz.policy_effect as effect,
            0 as priority,
            'team'::authz.permission_scope as scope,
            null::jsonb as conditions,
            n.id as unit_id,
            n.path as unit_path,
            n.path as anchor_path,
            d.inherit_to_descendants,
            d.valid_from,
            d.valid_until,
            case
                when not u.is_active then 'the user is inactive'
                when d.status <> 'active' then 'the delegation is ' || d.status
                when d.valid_from > authz.clock() then 'the delegation is not valid yet'
                when d.valid_until <= authz.clock() then 'the delegation has expired'
                when not n.is_active then 'the unit is inactive'
                when authz_private.decide(
                    d.delegator_id, explain_grants.resource, explain_grants.action, a.id,
                    explain_grants.context - 'owner_id', false
                ) is not true
                    then 'user ' || d.delegator_id || ', who delegates it, may not do it here'
            end as refusal,
            a.path as asked_path,
            authz_private.grant_reaches(
                'team', n.id, n.path, d.inherit_to_descendants, a.id, a.path, false
            ) as reaches,
            true as holds
        from asked as a
        inner join authz.delegations as d
            on d.delegate_id = explain_grants.user_id
            and d.action in (explain_grants.action, 'manage')
        inner join authz.resources as q
            on d.resource operator (ext.@>) q.path and q.code = explain_grants.resource
        inner join authz.users as u on d.tenant_id = u.tenant_id and d.delegate_id = u.id
        inner join authz.org_units as n on d.tenant_id = n.tenant_id and d.unit_id = n.id
    ),

    judged as (
        select
            t.*,
            case
                when t.refusal is not null then t.refusal
                when t.reaches is not true then
                    case
                        when t.scope = 'own' then 'the user does not own the row'
                        when t.scope = 'team' and not t.inherit_to_descendants
                            then 'the grant is for its unit alone'
                        else format(
                            '%s does not lie in %s',
                            t.asked_path, coalesce(t.anchor_path, t.unit_path)
                        )
                    end
                when t.holds is false then 'its condition does not hold'
                when t.holds is null and t.effect = 'allow' then 'its condition cannot be told'
            end as obstacle
        from tested as t
    ),

    ranked as (
        select
            j.*,
            case
                when j.obstacle is null then row_number() over (
                    partition by j.obstacle is null
                    order by
                        j.priority desc, j.effect desc, j.assignment_type, j.source_id,
                        j.permission_id, j.unit_id
                )
            end as place,
            first_value(j.effect) over w as winner,
            first_value(j.priority) over w as winning_priority
        from judged as j
        window w as (
            order by j.obstacle is not null, j.priority desc, j.effect desc
        )
    )

    select
        r.obstacle is null,
        coalesce(r.place = 1, false),
        case
            when r.obstacle is not null then r.obstacle
            when r.place = 1 and r.holds is null
                then 'decides: a deny whose condition cannot be told'
            when r.place = 1 then 'decides'
            when r.priority < r.winning_priority
                then format('outranked by priority %s', r.winning_priority)
            when r.effect <> r.winner then 'of equal priority deny wins'
            else 'says the same as the one that decides'
        end,
        r.assignment_type,
        r.source_id,
        r.role_path,
        r.policy_name,
        r.permission,
        r.effect,
        r.priority,
        r.unit_id,
        r.unit_path::text,
        r.inherit_to_descendants,
        r.valid_from,
        r.valid_until,
        r.conditions,
        case
            when r.conditions is null then null
            when r.holds then 'holds'
            when r.holds is false then 'does not hold'
            else 'cannot be told'
        end
    from ranked as r
    order by r.obstacle is not null, r.place, r.priority desc, r.effect desc, r.assignment_type,
        r.source_id, r.permission_id;
end;

comment on function authz_private.explain_grants(bigint, text, text, int, jsonb) is
    'Rows of authz.explain_user_permission.';
revoke all on function authz_private.explain_grants(bigint, text, text, int, jsonb) from public;
