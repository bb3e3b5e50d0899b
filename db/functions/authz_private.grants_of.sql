-- The one place that says which grants a user has for a question, and which of them count. Scopes
-- take the counted ones, explanations show them all, so the two cannot disagree.

create or replace function authz_private.grants_of(user_id bigint, resource text, action text)
returns table (
    assignment text,
    grant_id bigint,
    role_id int,
    role_code text,
    permission_id int,
    permission text,
    scope authz.permission_scope,
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
        g.assignment,
        g.id,
        r.id,
        r.code,
        p.id,
        q.code || ':' || p.action || ':' || p.scope::text,
        p.scope,
        n.id,
        n.path,
        case
            when p.scope in ('region', 'organization') then (
                select a.path
                from authz.org_units as a
                where a.path operator (ext.@>) n.path
                    and a.kind = p.scope::text
                order by a.level desc
                limit 1
            )
            when p.scope = 'team' then n.path
        end,
        g.inherit_to_descendants,
        g.valid_from,
        g.valid_until,
        case
            when not u.is_active then 'the user is inactive'
            when not r.is_active then 'the role is inactive'
            when g.valid_from > authz.clock() then 'the grant is not valid yet'
            when g.valid_until <= authz.clock() then 'the grant has expired'
            when g.member_from > authz.clock() then 'the membership is not valid yet'
            when g.member_until <= authz.clock() then 'the membership has expired'
            when not n.is_active then 'the unit is inactive'
            when p.scope in ('region', 'organization') and not exists (
                select
                from authz.org_units as a
                where a.path operator (ext.@>) n.path and a.kind = p.scope::text
            ) then 'the unit lies in no ' || p.scope::text
        end
    from authz.users as u
    cross join lateral (
        select
            'user_role' as assignment,
            ur.id,
            ur.role_id,
            ur.unit_id,
            ur.inherit_to_descendants,
            ur.valid_from,
            ur.valid_until,
            null::timestamptz as member_from,
            null::timestamptz as member_until
        from authz.user_roles as ur
        where ur.tenant_id = u.tenant_id and ur.user_id = u.id and ur.unit_id is not null
        union all
        select
            'user_role at base unit',
            ur.id,
            ur.role_id,
            u.base_unit_id,
            ur.inherit_to_descendants,
            ur.valid_from,
            ur.valid_until,
            null,
            null
        from authz.user_roles as ur
        where ur.tenant_id = u.tenant_id and ur.user_id = u.id and ur.unit_id is null
        union all
        select
            'user_role at membership',
            ur.id,
            ur.role_id,
            m.unit_id,
            ur.inherit_to_descendants,
            ur.valid_from,
            ur.valid_until,
            m.valid_from,
            m.valid_until
        from authz.user_roles as ur
        inner join authz.memberships as m on u.tenant_id = m.tenant_id and u.id = m.user_id
        where ur.tenant_id = u.tenant_id and ur.user_id = u.id and ur.unit_id is null
    ) as g
    inner join authz.roles as r on g.role_id = r.id
    inner join authz.role_permissions as rp on r.id = rp.role_id
    inner join authz.permissions as p on rp.permission_id = p.id
    inner join authz.resources as q on p.resource operator (ext.=) q.path
    inner join authz.resources as asked on q.path operator (ext.@>) asked.path
    inner join authz.org_units as n on g.unit_id = n.id
    where u.id = grants_of.user_id
        and p.action in (grants_of.action, 'manage')
        and asked.code = grants_of.resource;
end;

comment on function authz_private.grants_of(bigint, text, text) is
    'Every grant of the user for resource:action, one row per unit it holds at; refusal is null '
    'for those that count now, else why not.';
revoke all on function authz_private.grants_of(bigint, text, text) from public;
