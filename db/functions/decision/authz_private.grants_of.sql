-- For explanations: every grant a decision considers, with why it does not count; those that count
-- are the ones authz_private.held_grants gives.

create or replace function authz_private.grants_of(user_id bigint, resource text, action text)
returns table (
    assignment_type text,
    source_id bigint,
    role_id int,
    role_path text,
    policy_id int,
    policy_name text,
    effect authz.policy_effect,
    priority int,
    permission_id int,
    permission text,
    scope authz.permission_scope,
    conditions jsonb,
    unit_id int,
    unit_path ext.ltree,
    anchor_path ext.ltree,
    inherit_to_descendants boolean,
    valid_from timestamptz,
    valid_until timestamptz,
    refusal text
)
language sql stable security invoker parallel safe
begin atomic
    select
        g.assignment_type,
        g.source_id,
        g.role_id,
        g.role_path,
        g.policy_id,
        g.policy_name,
        g.effect,
        g.priority,
        g.permission_id,
        format('%s:%s:%s', q.code, g.action, g.scope),
        g.scope,
        g.conditions,
        n.id,
        n.path,
        case when g.scope in ('region', 'organization') then a.path else n.path end,
        g.inherit_to_descendants,
        g.valid_from,
        g.valid_until,
        case
            when g.refusal is not null then g.refusal
            when g.valid_from > authz.clock() then 'the grant is not valid yet'
            when g.valid_until <= authz.clock() then 'the grant has expired'
            when not n.is_active then 'the unit is inactive'
            when g.scope in ('region', 'organization') and a.path is null
                then 'the unit lies in no ' || g.scope::text
        end
    from authz_private.grants as g
    inner join authz.resources as q on g.resource operator (ext.=) q.path
    inner join authz.resources as w
        on g.resource operator (ext.@>) w.path and w.code = grants_of.resource
    inner join authz.org_units as n on g.business_unit_id = n.id
    left join lateral (
        select authz_private.anchor_path(n.path, g.scope::text) as path
        where g.scope in ('region', 'organization')
    ) as a on true
    where g.user_id = grants_of.user_id
        and g.action in (grants_of.action, 'manage');
end;

comment on function authz_private.grants_of(bigint, text, text) is
    'Every grant of the user for resource:action, one row per unit it holds at; refusal is null '
    'for those that count now where they reach, else why not.';
revoke all on function authz_private.grants_of(bigint, text, text) from public;
