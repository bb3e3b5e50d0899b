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
    'Gives effect again to what was granted at the unit, for whoever may units:update there and'
    ' holds it. 28000 nobody; 42501 not allowed, hidden and absent alike.';
revoke all on function authz.activate_unit(int) from public;
grant execute on function authz.activate_unit(int) to fundwarden_app;
