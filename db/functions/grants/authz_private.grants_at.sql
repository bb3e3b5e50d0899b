-- What hangs on a place: it changes hands when the place does.

create or replace function authz_private.grants_at(unit_ids int [])
returns table (
    user_id bigint,
    unit_id int,
    permission_id int,
    effect authz.policy_effect,
    inherit_to_descendants boolean,
    is_unitless boolean
)
language sql stable security invoker parallel safe
begin atomic
    with place as (
        select
            u.tenant_id,
            u.id as user_id,
            u.base_unit_id as unit_id
        from authz.users as u
        where u.base_unit_id = any(grants_at.unit_ids)
            and u.tenant_id in (
                select n.tenant_id from authz.org_units as n where n.id = any(grants_at.unit_ids)
            )
        union
        select
            m.tenant_id,
            m.user_id,
            m.unit_id
        from authz.memberships as m
        where m.unit_id = any(grants_at.unit_ids)
            and (m.valid_until is null or m.valid_until > authz.clock())
    ),

    roles as (
        select
            ur.user_id,
            ur.role_id,
            ur.unit_id,
            ur.inherit_to_descendants,
            ur.valid_until,
            false as is_unitless
        from authz.user_roles as ur
        where ur.unit_id = any(grants_at.unit_ids)
        union all
        select
            ur.user_id,
            ur.role_id,
            p.unit_id,
            ur.inherit_to_descendants,
            ur.valid_until,
            true as is_unitless
        from place as p
        inner join authz.user_roles as ur
            on p.tenant_id = ur.tenant_id and p.user_id = ur.user_id and ur.unit_id is null
    ),

    carried as materialized (
        select
            r.role_id,
            c.permission_id,
            c.effect
        from (select distinct x.role_id from roles as x) as r
        cross join lateral authz_private.role_carries(r.role_id) as c
    )

    select
        r.user_id,
        r.unit_id,
        c.permission_id,
        c.effect,
        r.inherit_to_descendants,
        r.is_unitless
    from roles as r
    inner join carried as c on r.role_id = c.role_id
    where r.valid_until is null or r.valid_until > authz.clock()
    union all
    select
        up.user_id,
        coalesce(up.unit_id, p.unit_id) as unit_id,
        pp.permission_id,
        o.effect,
        up.inherit_to_descendants,
        up.unit_id is null as is_unitless
    from authz.user_policies as up
    inner join authz.policies as o on up.policy_id = o.id
    inner join authz.policy_permissions as pp on o.id = pp.policy_id
    left join place as p
        on up.unit_id is null and p.tenant_id = up.tenant_id and p.user_id = up.user_id
    where coalesce(up.unit_id, p.unit_id) = any(grants_at.unit_ids)
        and (up.valid_until is null or up.valid_until > authz.clock())
    union all
    select
        up.user_id,
        coalesce(up.unit_id, p.unit_id) as unit_id,
        up.permission_id,
        'allow'::authz.policy_effect as effect,
        up.inherit_to_descendants,
        up.unit_id is null as is_unitless
    from authz.user_permissions as up
    left join place as p
        on up.unit_id is null and p.tenant_id = up.tenant_id and p.user_id = up.user_id
    where coalesce(up.unit_id, p.unit_id) = any(grants_at.unit_ids)
        and (up.valid_until is null or up.valid_until > authz.clock());
end;

comment on function authz_private.grants_at(int []) is
    'Permissions given at these units, windows that are over left out: whom to, the unit, with '
    'what effect, and whether the grant names no unit and holds there because the user belongs '
    'there.';
revoke all on function authz_private.grants_at(int []) from public;
