-- The one place that says which grants a user has for a question, and which of them count. Scopes
-- take the counted ones, explanations show them all, so the two cannot disagree.

create or replace function authz_private.grants_of(user_id bigint, resource text, action text)
returns table (
    assignment text,
    grant_id bigint,
    role_id int,
    role_code text,
    permission_id int,
    permission_resource ext.ltree,
    permission_action text,
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
        case
            when ur.unit_id is not null then 'user_role'
            when b.is_membership then 'user_role at membership'
            else 'user_role at base unit'
        end,
        ur.id,
        r.id,
        r.code,
        p.id,
        p.resource,
        p.action,
        p.scope,
        n.id,
        n.path,
        case when p.scope = 'team' then n.path else a.path end,
        ur.inherit_to_descendants,
        ur.valid_from,
        ur.valid_until,
        case
            when not u.is_active then 'the user is inactive'
            when not r.is_active then 'the role is inactive'
            when r.tenant_id <> u.tenant_id then 'the role belongs to another tenant'
            when r.tenant_id is not null and p.scope = 'system'
                then 'the scope system is for platform roles'
            when ur.valid_from > authz.clock() then 'the grant is not valid yet'
            when ur.valid_until <= authz.clock() then 'the grant has expired'
            when b.valid_from > authz.clock() then 'the membership is not valid yet'
            when b.valid_until <= authz.clock() then 'the membership has expired'
            when not n.is_active then 'the unit is inactive'
            when p.scope in ('region', 'organization') and a.path is null
                then 'the unit lies in no ' || p.scope::text
        end
    from authz.users as u
    inner join authz.user_roles as ur on u.tenant_id = ur.tenant_id and u.id = ur.user_id
    cross join lateral (
        select
            coalesce(ur.unit_id, u.base_unit_id) as unit_id,
            false as is_membership,
            null::timestamptz as valid_from,
            null::timestamptz as valid_until
        union all
        select
            m.unit_id,
            true,
            m.valid_from,
            m.valid_until
        from authz.memberships as m
        where ur.unit_id is null and m.tenant_id = u.tenant_id and m.user_id = u.id
    ) as b
    inner join authz.roles as r on ur.role_id = r.id
    inner join authz.role_permissions as rp on r.id = rp.role_id
    inner join authz.permissions as p on rp.permission_id = p.id
    inner join authz.resources as q on p.resource operator (ext.@>) q.path
    inner join authz.org_units as n on b.unit_id = n.id
    left join lateral (
        select o.path
        from authz.org_units as o
        where p.scope in ('region', 'organization')
            and o.path operator (ext.@>) n.path
            and o.kind = p.scope::text
        order by o.level desc
        limit 1
    ) as a on true
    where u.id = grants_of.user_id
        and p.action in (grants_of.action, 'manage')
        and q.code = grants_of.resource;
end;

comment on function authz_private.grants_of(bigint, text, text) is
    'Every grant of the user for resource:action, one row per unit it holds at; refusal is null '
    'for those that count now, else why not.';
revoke all on function authz_private.grants_of(bigint, text, text) from public;
