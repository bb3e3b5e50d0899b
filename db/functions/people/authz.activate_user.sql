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
    'Lets a user act again, for whoever may users:update in their base unit and holds what they'
    ' hold. 28000 nobody; 42501 not allowed, hidden and absent alike, oneself, above the own '
    'rank.';
revoke all on function authz.activate_user(bigint) from public;
grant execute on function authz.activate_user(bigint) to fundwarden_app;
