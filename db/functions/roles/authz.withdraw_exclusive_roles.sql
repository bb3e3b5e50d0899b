-- Whoever holds one half would open the way to the other for themselves.

create or replace function authz.withdraw_exclusive_roles(exclusive_id bigint)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    home int;
    root ltree;
    gone authz.exclusive_roles;
begin
    select u.tenant_id into home from authz.users as u where u.id = authz.current_user_id();
    me := authz_private.begin_administration(home, 'exclusive_id');
    select n.path into root from authz.org_units as n where n.id = home;
    if not authz_private.may_act(me, 'permissions', 'delete', home, true) then
        perform authz_private.refuse_administration('exclusive_id');
    end if;
    select x.*
    into gone
    from authz.exclusive_roles as x
    where x.id = exclusive_id and x.tenant_id = home;
    if gone.id is null then
        perform authz_private.refuse_administration('exclusive_id');
    end if;
    perform authz_private.check_pair(me, home, gone.role_id, gone.other_role_id);
    if authz_private.holds_role(me, gone.role_id)
        or authz_private.holds_role(me, gone.other_role_id)
    then
        raise exception 'exclusive_id: you hold one of the two'
            using errcode = '42501', hint = 'Ask somebody who holds neither.';
    end if;
    delete from authz.exclusive_roles as x where x.id = gone.id;
    return row(gone.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.withdraw_exclusive_roles(bigint) is
    'Ends a pair of the caller''s tenant, for a caller who holds permissions:delete throughout '
    'it, is of the rank of both roles and holds neither. 28000 if nobody is signed in; 42501 if '
    'that is not allowed or the object does not exist, and if the caller holds it, above one''s '
    'own rank.';
revoke all on function authz.withdraw_exclusive_roles(bigint) from public;
grant execute on function authz.withdraw_exclusive_roles(bigint) to fundwarden_app;
