-- Users are deactivated rather than deleted.

create or replace function authz.activate_user(user_id bigint)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    return authz_private.set_user_active(activate_user.user_id, true);
end
$$;

comment on function authz.activate_user(bigint) is
    'Lets a user act again. Requires users:update in their base unit, and the caller must hold '
    'what they hold. 28000 if nobody is signed in; 42501 if that is not allowed or the object '
    'does not exist, for oneself, above one''s own rank.';
revoke all on function authz.activate_user(bigint) from public;
grant execute on function authz.activate_user(bigint) to fundwarden_app;
