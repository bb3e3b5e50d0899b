-- For the policies, which ask it once a statement in a sub-select of their own.

create or replace function authz.my_tenant()
returns int
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    return (select u.tenant_id from authz.users as u where u.id = authz.current_user_id());
end
$$;

comment on function authz.my_tenant() is
    'Tenant of the user who is signed in; null for nobody.';
revoke all on function authz.my_tenant() from public;
grant execute on function authz.my_tenant() to fundwarden_app;
