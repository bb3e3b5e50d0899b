-- For the policies made of data permissions, which ask it once a statement in a sub-select.

create or replace function authz.my_variable(name text)
returns text
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    return authz_private.variable_of(authz.current_user_id(), my_variable.name);
end
$$;

comment on function authz.my_variable(text) is
    'Value of a variable of authz.variables, or a built-in one, for the user who is signed in, '
    'as text; a list as an array. Null for nobody and where there is no value.';
revoke all on function authz.my_variable(text) from public;
grant execute on function authz.my_variable(text) to fundwarden_app;
