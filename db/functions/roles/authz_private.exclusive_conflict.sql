-- Windows of two grants that are both not over overlap from now on or not at all.

create or replace function authz_private.exclusive_conflict(user_ids bigint [])
returns table (user_id bigint, role_id int, other_role_id int)
language sql stable security invoker parallel safe
begin atomic
    select
        u.id,
        a.granted_role_id,
        b.granted_role_id
    from authz.users as u
    cross join lateral authz_private.held_roles(u.id) as a
    inner join authz.exclusive_roles as x
        on a.role_id = x.role_id and (x.tenant_id is null or x.tenant_id = u.tenant_id)
    cross join lateral authz_private.held_roles(u.id) as b
    where u.id = any(exclusive_conflict.user_ids)
        and b.role_id = x.other_role_id
        and a.held && b.held
    order by u.id
    limit 1;
end;

comment on function authz_private.exclusive_conflict(bigint []) is
    'One of these users who holds both halves of an exclusive pair at the same time, and the two '
    'roles that give them; no row: none does.';
revoke all on function authz_private.exclusive_conflict(bigint []) from public;
