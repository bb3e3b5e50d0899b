-- Users are deactivated rather than deleted.

create or replace function authz.deactivate_user(user_id bigint)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    return authz_private.set_user_active(deactivate_user.user_id, false);
end
$$;

comment on function authz.deactivate_user(bigint) is
    'Ends everything the user may do. Requires users:delete in their base unit; what they own '
    'remains theirs. 28000 if nobody is signed in; 42501 if that is not allowed or the object '
    'does not exist, for oneself, above one''s own rank.';
revoke all on function authz.deactivate_user(bigint) from public;
grant execute on function authz.deactivate_user(bigint) to fundwarden_app;
