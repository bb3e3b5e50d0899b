-- What was granted at the unit counts while it is active.

create or replace function authz.deactivate_unit(unit_id int)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    return authz_private.set_unit_active(deactivate_unit.unit_id, false);
end
$$;

comment on function authz.deactivate_unit(int) is
    'Ends the effect of what was granted at the unit, for whoever may units:delete there; what '
    'is owned in it stays visible from above. 28000 nobody; 42501 not allowed, hidden and '
    'absent alike.';
revoke all on function authz.deactivate_unit(int) from public;
grant execute on function authz.deactivate_unit(int) to fundwarden_app;
