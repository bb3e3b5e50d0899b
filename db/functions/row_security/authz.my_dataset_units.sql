-- For the policies of stored datasets, which ask it once a statement in a sub-select of their own.

create or replace function authz.my_dataset_units(dataset text)
returns int []
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
    where d.name = my_dataset_units.dataset and d.storage = 'stored';
    if me is null or needed is null then
        return '{}';
    end if;
    select s.* into scope from authz_private.scope_of(me, needed, 'read') as s;
    if scope.unit_ids <> '{}' then
        perform authz_private.check_stored_units(my_dataset_units.dataset);
    end if;
    return scope.unit_ids;
end
$$;

comment on function authz.my_dataset_units(text) is
    'Units in which the user who is signed in may read rows of a stored dataset; empty for nobody, '
    'and for those who may read all of a tenant: see authz.my_tenants(). 55000 while a key or a '
    'check of the dataset is missing.';
revoke all on function authz.my_dataset_units(text) from public;
grant execute on function authz.my_dataset_units(text) to fundwarden_app;
