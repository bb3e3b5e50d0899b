-- Candidates alone, from the smallest: each is tried before it is told.

create or replace function authz_private.possible_changes(
    user_id bigint, resource text, action text, unit_id int
)
returns table (action_name text, arguments jsonb, title text)
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    whom authz.users;
    unit authz.org_units;
    key text := possible_changes.resource || '.' || possible_changes.action;
begin
    select u.* into whom from authz.users as u where u.id = possible_changes.user_id;
    select n.* into unit from authz.org_units as n where n.id = possible_changes.unit_id;
    if unit.tenant_id is distinct from whom.tenant_id then
        return;
    end if;
    return query
    with giving as materialized (
        -- What a role, a policy or a permission gives besides is its size.
        select
            e.granted_kind,
            e.granted_id,
            bool_or(
                e.resource = possible_changes.resource
                and e.action in (possible_changes.action, 'manage')
                and e.effect = 'allow'
            ) as allows,
            bool_or(
                e.resource = possible_changes.resource
                and e.action in (possible_changes.action, 'manage')
                and e.effect = 'deny'
            ) as denies,
            count(*) as size
        from authz_private.expanded_permissions_live as e
        where e.tenant_id is null or e.tenant_id = whom.tenant_id
        group by e.granted_kind, e.granted_id
    )

    select
        c.action_name,
        c.arguments,
        c.title
    from (
        select
            'activate_user' as action_name,
            jsonb_build_object('user_id', whom.id) as arguments,
            'The user is inactive.' as title,
            0::bigint as size
        where not whom.is_active
        union
        select
            'activate_unit',
            jsonb_build_object('unit_id', n.id),
            format('The unit %s, where the user holds a grant, is inactive.', n.path),
            1
        from authz_private.direct_grants as g
        inner join authz.org_units as n on n.id = coalesce(g.unit_id, whom.base_unit_id)
        where g.tenant_id = whom.tenant_id and g.user_id = whom.id and not n.is_active
        union
        select
            'update_role',
            jsonb_build_object('role_id', r.id, 'is_active', true),
            format('The role %s, which the user holds, is inactive.', r.code),
            e.size * 1000
        from authz.user_roles as g
        inner join authz.roles as r on g.role_id = r.id and not r.is_active
        cross join lateral (select count(*) as size from authz.user_roles as o where o.role_id = r.id) as e
        where g.tenant_id = whom.tenant_id and g.user_id = whom.id
        union
        -- A deny that is in the way.
        select
            case g.granted_kind when 'role' then 'revoke_role' else 'revoke_policy' end,
            jsonb_build_object('assignment_id', g.source_id),
            'The grant denies it.',
            2
        from authz_private.direct_grants as g
        inner join giving as e
            on g.granted_kind = e.granted_kind and g.granted_id = e.granted_id and e.denies
        where g.tenant_id = whom.tenant_id
            and g.user_id = whom.id
            and g.granted_kind in ('role', 'policy')
        union
        -- What was held, or will be: the same from now on, until it begins.
        select
            case g.granted_kind
                when 'role' then 'assign_role'
                when 'policy' then 'assign_policy'
                else 'grant_permission'
            end,
            jsonb_build_object(
                'user_id', whom.id,
                case g.granted_kind
                    when 'role' then 'role_id'
                    when 'policy' then 'policy_id'
                    else 'permission_id'
                end,
                g.granted_id,
                'unit_id', g.unit_id,
                'inherit_to_descendants', g.inherit_to_descendants,
                'valid_from', case when g.valid_until <= authz.clock() then authz.clock() end,
                'valid_until', case when g.valid_from > authz.clock() then g.valid_from end
            ),
            case
                when g.valid_until <= authz.clock() then 'The same grant has ended.'
                else 'The same grant has not begun.'
            end,
            3
        from authz_private.direct_grants as g
        inner join giving as e
            on g.granted_kind = e.granted_kind and g.granted_id = e.granted_id and e.allows
        where g.tenant_id = whom.tenant_id
            and g.user_id = whom.id
            and (g.valid_until <= authz.clock() or g.valid_from > authz.clock())
        union
        -- A template that holds in the unit and gives nothing, or gives it to higher ranks.
        select
            'set_permission_template',
            jsonb_build_object(
                'unit_id', t.unit_id,
                'permission_key', key,
                'min_role_rank', least(
                    t.min_role_rank,
                    (
                        select max(r.rank)
                        from authz_private.role_units(whom.id) as r
                        where r.unit_path operator (ext.@>) unit.path
                    )
                ),
                'is_enabled', true,
                'is_locked', t.is_locked
            ),
            format(
                'The %s template of %s does not give it to the user''s rank.',
                case when t.is_locked then 'locked' else 'nearest' end, t.unit_path
            ),
            5000
        from authz_private.template_at(unit.path, key) as t
        union
        select
            'set_permission_template',
            jsonb_build_object(
                'unit_id', t.unit_id, 'permission_key', key, 'min_role_rank', t.min_role_rank,
                'is_enabled', t.is_enabled, 'is_locked', false
            ),
            format('The template of %s is locked; below it another one would hold.', t.unit_path),
            4000
        from authz_private.template_at(unit.path, key) as t
        where t.is_locked
        union
        select
            'grant_permission',
            jsonb_build_object(
                'user_id', whom.id, 'permission_id', e.granted_id, 'unit_id', unit.id,
                'inherit_to_descendants', false
            ),
            format('The permission %s:%s:%s.', p.resource, p.action, p.scope),
            10 + e.size
        from giving as e
        inner join authz.permissions as p on e.granted_id = p.id
        where e.granted_kind = 'permission'
            and e.allows
            and p.scope = 'team'
            and p.conditions is null
        union
        select
            'assign_role',
            jsonb_build_object(
                'user_id', whom.id, 'role_id', e.granted_id, 'unit_id', unit.id,
                'inherit_to_descendants', false
            ),
            format('The role %s.', r.code),
            10 + e.size
        from giving as e
        inner join authz.roles as r on e.granted_id = r.id
        where e.granted_kind = 'role'
            and e.allows
            and r.is_active
            and (r.tenant_id is null or r.tenant_id = whom.tenant_id)
        union
        select
            'assign_policy',
            jsonb_build_object(
                'user_id', whom.id, 'policy_id', e.granted_id, 'unit_id', unit.id,
                'inherit_to_descendants', false
            ),
            format('The policy %s.', o.name),
            10 + e.size
        from giving as e
        inner join authz.policies as o on e.granted_id = o.id
        where e.granted_kind = 'policy'
            and e.allows
            and o.is_active
            and (o.tenant_id is null or o.tenant_id = whom.tenant_id)
    ) as c
    order by c.size, c.action_name, c.arguments::text;
end
$$;

comment on function authz_private.possible_changes(bigint, text, text, int) is
    'Calls of administration functions that might allow the user resource:action in the unit, the '
    'smallest first; whether they do, and whether the caller may, is not known yet.';
revoke all on function authz_private.possible_changes(bigint, text, text, int) from public;
