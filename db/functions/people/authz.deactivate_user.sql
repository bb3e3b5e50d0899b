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
    'Ends everything the user may do, for whoever may users:delete in their base unit; what '
    'they own remains theirs. 28000 nobody; 42501 not allowed, hidden and absent alike, '
    'oneself, above the own rank.';
revoke all on function authz.deactivate_user(bigint) from public;
grant execute on function authz.deactivate_user(bigint) to fundwarden_app;
