-- Whoever outranks somebody anywhere, now or later, is not theirs to administer.

create or replace function authz_private.highest_rank(user_id bigint)
returns int
language sql stable security invoker parallel safe
begin atomic
    select max(r.rank)
    from authz.user_roles as ur
    inner join authz.roles as r on ur.role_id = r.id
    where ur.tenant_id = (
            select u.tenant_id from authz.users as u where u.id = highest_rank.user_id
        )
        and ur.user_id = highest_rank.user_id
        and (ur.valid_until is null or ur.valid_until > authz.clock());
end;

comment on function authz_private.highest_rank(bigint) is
    'The highest rank of the roles the user holds or will hold, wherever; null: holds none.';
revoke all on function authz_private.highest_rank(bigint) from public;
