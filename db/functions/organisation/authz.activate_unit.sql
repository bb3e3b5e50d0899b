-- What was granted at the unit counts while it is active.

create or replace function authz.activate_unit(unit_id int)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    return authz_private.set_unit_active(activate_unit.unit_id, true);
end
$$;

comment on function authz.activate_unit(int) is
    'Gives effect again to what was granted at the unit. Requires units:update there, and the '
    'caller must hold it. 28000 if nobody is signed in; 42501 if that is not allowed or the '
    'object does not exist.';
revoke all on function authz.activate_unit(int) from public;
grant execute on function authz.activate_unit(int) to fundwarden_app;
