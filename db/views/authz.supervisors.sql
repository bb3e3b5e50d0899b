-- Current: counts the people below every unit where a user may read users.

create or replace view authz.supervisors
with (security_invoker = true) as
with people as materialized (
    select
        u.base_unit_id as unit_id,
        count(*) as people
    from authz.users as u
    group by u.base_unit_id
),

oversight as materialized (
    select
        ur.user_id,
        n.id as unit_id,
        n.path,
        bool_or(ur.inherit_to_descendants) as inherit_to_descendants
    from authz.user_roles as ur
    inner join authz.users as u on ur.user_id = u.id and u.is_active
    inner join authz.org_units as n on ur.unit_id = n.id and n.is_active
    inner join authz.roles as r
        on ur.role_id = r.id
        and r.is_active
        and (r.tenant_id is null or r.tenant_id = ur.tenant_id)
    where (ur.valid_from is null or ur.valid_from <= authz.clock())
        and (ur.valid_until is null or ur.valid_until > authz.clock())
        and exists (
            select
            from authz.role_permissions as rp
            inner join authz.permissions as p on rp.permission_id = p.id
            where rp.role_id = r.id
                and p.scope = 'team'
                and p.action in ('read', 'manage')
                and p.resource operator(ext.@>) 'directory.users'::ext.ltree
        )
    group by ur.user_id, n.id, n.path
)

select
    o.user_id,
    o.unit_id,
    sum(p.people)::bigint - count(*) filter (where b.base_unit_id = p.unit_id) as subordinates
from oversight as o
inner join authz.users as b on o.user_id = b.id
cross join lateral authz_private.subtree(o.path) as s
inner join people as p on s.unit_id = p.unit_id
where o.inherit_to_descendants or s.unit_id = o.unit_id
group by o.user_id, o.unit_id;

comment on view authz.supervisors is
    'Users who oversee a unit they were given a role at, where the role carries users:read for a '
    'team, and how many people they oversee from there, themselves not counted. Wider scopes are '
    'for authz.subordinates() to count.';
comment on column authz.supervisors.unit_id is 'Unit of the grant.';
comment on column authz.supervisors.subordinates is 'People at the unit, and below if inherited.';
