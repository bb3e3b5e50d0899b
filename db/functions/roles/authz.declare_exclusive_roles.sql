-- A pair of platform roles is declared for the own tenant alone.

create or replace function authz.declare_exclusive_roles(
    role_id int, other_role_id int, reason text default ''
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    home int;
    root ltree;
    new_id bigint;
begin
    select u.tenant_id into home from authz.users as u where u.id = authz.current_user_id();
    me := authz_private.begin_administration(home, 'role_id');
    select n.path into root from authz.org_units as n where n.id = home;
    if not authz_private.may_act(me, 'permissions', 'update', home, true) then
        perform authz_private.refuse_administration('role_id');
    end if;
    perform authz_private.check_pair(
        me, home, declare_exclusive_roles.role_id, declare_exclusive_roles.other_role_id
    );
    begin
        insert into authz.exclusive_roles as x (tenant_id, role_id, other_role_id, reason)
        values (
            home, declare_exclusive_roles.role_id, declare_exclusive_roles.other_role_id,
            coalesce(declare_exclusive_roles.reason, '')
        )
        returning x.id into new_id;
    exception
        when unique_violation then
            raise exception 'role_id: already taken by this pair'
                using errcode = '23505', hint = 'Choose another.';
    end;
    return row(new_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.declare_exclusive_roles(int, int, text) is
    'Declares that nobody of the caller''s tenant may hold both roles at the same time. Requires '
    'permissions:update throughout it; the caller must have the rank of both. 28000 if nobody is '
    'signed in; 42501 if that is not allowed or the object does not exist, above one''s own '
    'rank; 22023 one role twice; 23505 if it is declared already; 23514 if somebody holds both; '
    '0A000 if the isolation level is above READ COMMITTED.';
revoke all on function authz.declare_exclusive_roles(int, int, text) from public;
grant execute on function authz.declare_exclusive_roles(int, int, text) to fundwarden_app;
