-- Inactive parts count: it takes no grant to make them active.

create or replace function authz_private.role_carries(role_id int)
returns table (permission_id int, effect authz.policy_effect)
language sql stable security invoker parallel safe
begin atomic
    select
        rp.permission_id,
        'allow'::authz.policy_effect
    from authz_private.role_lineage(role_carries.role_id) as l
    inner join authz.role_permissions as rp on l.ancestor_id = rp.role_id
    union
    select
        pp.permission_id,
        o.effect
    from authz_private.role_lineage(role_carries.role_id) as l
    inner join authz.role_policies as rp on l.ancestor_id = rp.role_id
    inner join authz.policies as o on rp.policy_id = o.id
    inner join authz.policy_permissions as pp on o.id = pp.policy_id;
end;

comment on function authz_private.role_carries(int) is
    'Every permission the role gives or takes, by itself, by its policies and by its parents.';
revoke all on function authz_private.role_carries(int) from public;
