-- For the policies, which ask it once a statement in a sub-select of their own.

create or replace function authz.my_units(resource text, action text)
returns int []
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me constant bigint := authz.current_user_id();
    scope record;
begin
    if me is null then
        return '{}';
    end if;
    select * into scope
    from authz_private.scope_of(me, my_units.resource, my_units.action);
    return scope.unit_ids;
end
$$;

comment on function authz.my_units(text, text) is
    'Units in which the user who is signed in may do resource:action; empty for nobody, and for '
    'those who may in all of a tenant: see authz.my_tenants().';
revoke all on function authz.my_units(text, text) from public;
grant execute on function authz.my_units(text, text) to fundwarden_app;
