-- For the policies of stored datasets: what a user owns, beside the units of a scope.

create or replace function authz.my_references(dataset text, denied boolean)
returns text []
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me constant bigint := authz.current_user_id();
    needed text;
    scope record;
begin
    select d.resource
    into needed
    from authz.datasets as d
    where d.name = my_references.dataset and d.storage = 'stored';
    if me is null or needed is null or my_references.denied is null then
        return '{}';
    end if;
    select s.* into scope from authz_private.scope_of(me, needed, 'read') as s;
    if not (my_references.denied and scope.own_denied or not my_references.denied and scope.own_rows)
    then
        return '{}';
    end if;
    perform authz_private.check_stored_units(my_references.dataset);
    return authz_private.references_of(me);
end
$$;

comment on function authz.my_references(text, boolean) is
    'References by which rows of a stored dataset name the user who is signed in. denied '
    'false: only if the user may read rows they own outside the units of their scope. denied '
    'true: only if the user may not read rows they own inside these units. Otherwise empty. '
    '55000 while a key or a check of the dataset is missing.';
revoke all on function authz.my_references(text, boolean) from public;
grant execute on function authz.my_references(text, boolean) to fundwarden_app;
