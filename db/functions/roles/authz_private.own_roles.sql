-- Inlined into its callers: what was granted to somebody as a role, delegations aside.

create or replace function authz_private.own_roles(user_id bigint)
returns table (role_id int, granted_role_id int, held tstzrange)
language sql stable security invoker parallel safe
begin atomic
    select
        l.ancestor_id,
        ur.role_id,
        tstzrange(ur.valid_from, ur.valid_until)
    from authz.users as u
    inner join authz.user_roles as ur on u.tenant_id = ur.tenant_id and u.id = ur.user_id
    cross join lateral authz_private.role_lineage(ur.role_id) as l
    where u.id = own_roles.user_id
        and (ur.valid_until is null or ur.valid_until > authz.clock());
end;

comment on function authz_private.own_roles(bigint) is
    'Roles granted to the user, those inherited from included, whose window is not over, with that '
    'window.';
revoke all on function authz_private.own_roles(bigint) from public;
