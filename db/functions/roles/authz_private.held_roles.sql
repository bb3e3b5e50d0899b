-- The one list of what roles a user holds or may come to hold without anybody granting anything
-- more: exclusive pairs are judged by it. A delegation
-- counts as the roles it comes from.

create or replace function authz_private.held_roles(user_id bigint)
returns table (role_id int, granted_role_id int, held tstzrange)
language sql stable security invoker parallel safe
begin atomic
    select
        o.role_id,
        o.granted_role_id,
        o.held
    from authz_private.own_roles(held_roles.user_id) as o
    union all
    select
        r.role_id,
        r.granted_role_id,
        r.held * tstzrange(d.valid_from, d.valid_until)
    from authz.delegations as d
    cross join lateral authz_private.delegated_roles(
        d.delegator_id, d.resource, d.action
    ) as r
    where d.delegate_id = held_roles.user_id
        and d.status = 'active'
        and d.valid_until > authz.clock()
        and r.held && tstzrange(d.valid_from, d.valid_until);
end;

comment on function authz_private.held_roles(bigint) is
    'Roles of the user, those inherited from included, whose window is not over, with that window. '
    'An inactive user or role counts: it takes no grant to make it active.';
revoke all on function authz_private.held_roles(bigint) from public;
