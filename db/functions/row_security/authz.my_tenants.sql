-- For the policies, which ask it once a statement in a sub-select of their own.

create or replace function authz.my_tenants(resource text, action text)
returns int []
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me constant bigint := authz.current_user_id();
    scope record;
begin
    if me is null
        or not (select r.maybe_tenants from authz_private.exceeds_units(me, my_tenants.resource, my_tenants.action) as r)
    then
        return '{}';
    end if;
    select * into scope
    from authz_private.scope_of(me, my_tenants.resource, my_tenants.action);
    return authz_private.tenants_reached(
        scope.tenant_id, scope.every_tenant, scope.whole_tenant, scope.other_tenants
    );
end
$$;

comment on function authz.my_tenants(text, text) is
    'Tenants in all of which the user who is signed in may do resource:action; empty for nobody.';
revoke all on function authz.my_tenants(text, text) from public;
grant execute on function authz.my_tenants(text, text) to fundwarden_app;
