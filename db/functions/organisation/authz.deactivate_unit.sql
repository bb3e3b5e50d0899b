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
    'Ends the effect of what was granted at the unit. Requires units:delete there; what is owned '
    'in it stays visible from above. 28000 if nobody is signed in; 42501 if that is not allowed '
    'or the object does not exist.';
revoke all on function authz.deactivate_unit(int) from public;
grant execute on function authz.deactivate_unit(int) to fundwarden_app;
