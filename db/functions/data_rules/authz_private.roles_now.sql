-- Read once for all rules of a dataset.

create or replace function authz_private.roles_now(user_id bigint)
returns int []
language plpgsql stable security invoker parallel safe
as $$
begin
    return array(
        select distinct h.role_id
        from authz_private.held_roles(roles_now.user_id) as h
        where h.held @> authz.clock()
    );
end
$$;

comment on function authz_private.roles_now(bigint) is
    'Roles whose holders the user is one of now: granted, inherited, or by delegation.';
revoke all on function authz_private.roles_now(bigint) from public;
