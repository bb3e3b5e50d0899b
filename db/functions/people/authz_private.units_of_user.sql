-- Inlined into its callers: a grant without a unit holds in each of these.

create or replace function authz_private.units_of_user(user_id bigint)
returns table (unit_id int)
language sql stable security invoker parallel safe
begin atomic
    select u.base_unit_id
    from authz.users as u
    where u.id = units_of_user.user_id
    union
    select m.unit_id
    from authz.users as u
    inner join authz.memberships as m on u.tenant_id = m.tenant_id and u.id = m.user_id
    where u.id = units_of_user.user_id
        and (m.valid_until is null or m.valid_until > authz.clock());
end;

comment on function authz_private.units_of_user(bigint) is
    'Where the user belongs or will belong: the base unit and memberships that are not over.';
revoke all on function authz_private.units_of_user(bigint) from public;
