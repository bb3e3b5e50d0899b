-- For the policies, which ask it once a statement in a sub-select of their own.

create or replace function authz.my_owner_id(resource text, action text)
returns bigint
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me constant bigint := authz.current_user_id();
    scope record;
begin
    if me is null
        or not (select r.maybe_own from authz_private.reach_of(me, my_owner_id.resource, my_owner_id.action) as r)
    then
        return null;
    end if;
    select * into scope
    from authz_private.scope_of(me, my_owner_id.resource, my_owner_id.action);
    return case when scope.own_rows then me end;
end
$$;

comment on function authz.my_owner_id(text, text) is
    'The user signed in, where what they own counts for resource:action though its unit does not; '
    'null otherwise.';
revoke all on function authz.my_owner_id(text, text) from public;
grant execute on function authz.my_owner_id(text, text) to fundwarden_app;
