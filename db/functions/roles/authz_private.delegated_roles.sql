-- A delegation names a permission; separation of duties asks which role it comes from.

create or replace function authz_private.delegated_roles(
    delegator_id bigint, resource ext.ltree, action text
)
returns table (role_id int, granted_role_id int, held tstzrange)
language sql stable security invoker parallel safe
begin atomic
    with mine as materialized (
        select
            o.role_id,
            o.granted_role_id,
            o.held
        from authz_private.own_roles(delegated_roles.delegator_id) as o
    )

    select
        m.role_id,
        m.granted_role_id,
        m.held
    from mine as m
    where exists (
            select
            from mine as c
            cross join lateral (
                select rp.permission_id
                from authz.role_permissions as rp
                where rp.role_id = c.role_id
                union all
                select pp.permission_id
                from authz.role_policies as rp
                inner join authz.policy_permissions as pp on rp.policy_id = pp.policy_id
                inner join authz.policies as o on rp.policy_id = o.id and o.effect = 'allow'
                where rp.role_id = c.role_id
            ) as g
            inner join authz.permissions as p on g.permission_id = p.id
            where c.granted_role_id = m.granted_role_id
                and (
                    p.resource operator (ext.@>) delegated_roles.resource
                    or p.resource operator (ext.<@) delegated_roles.resource
                )
                and (
                    p.action in (delegated_roles.action, 'manage')
                    or delegated_roles.action = 'manage'
                )
        );
end;

comment on function authz_private.delegated_roles(bigint, ext.ltree, text) is
    'Roles granted to the delegator that carry, by themselves or by a role they inherit from, a '
    'part of resource:action, and the roles those inherit from.';
revoke all on function authz_private.delegated_roles(bigint, ext.ltree, text) from public;
