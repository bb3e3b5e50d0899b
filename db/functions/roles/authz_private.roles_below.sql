-- Inlined into its callers: whoever holds one of these has what the role gives.

create or replace function authz_private.roles_below(role_id int)
returns table (id int)
language sql stable security invoker parallel safe
begin atomic
    with recursive below (id) as (
        select roles_below.role_id
        union
        select c.id
        from below as b
        inner join authz.roles as c on b.id = c.parent_role_id
    )

    select b.id
    from below as b;
end;

comment on function authz_private.roles_below(int) is
    'The role and every role that inherits from it.';
revoke all on function authz_private.roles_below(int) from public;
