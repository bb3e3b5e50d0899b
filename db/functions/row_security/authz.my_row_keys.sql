-- For the policies of datasets with owners, which ask it once a statement in a sub-select of their
-- own. As text, because a policy of any type of column uses it.

create or replace function authz.my_row_keys(dataset text, owner_place int)
returns text []
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me constant bigint := authz.current_user_id();
    wanted authz.datasets;
    scope record;
    found_keys text [];
    of_owner record;
begin
    select d.* into wanted from authz.datasets as d where d.name = my_row_keys.dataset;
    if me is null
        or wanted.owners is null
        or my_row_keys.owner_place is null
        or my_row_keys.owner_place not between 1 and jsonb_array_length(wanted.owners)
    then
        return '{}';
    end if;
    select s.* into scope from authz_private.scope_of(me, wanted.resource, 'read') as s;
    -- Whoever reads the whole tenant is shown everything by authz.my_tenants().
    if scope.every_tenant or scope.whole_tenant or not scope.own_rows and scope.unit_ids = '{}' then
        return '{}';
    end if;
    select k.*
    into of_owner
    from authz_private.owner_keys(
        wanted.table_name, wanted.owners, my_row_keys.owner_place,
        authz_private.people_in_scope(scope.own_rows, scope.own_denied)
    ) as k;
    execute format('select array(select k.v::text from (%s) as k (v))', of_owner.keys)
    into found_keys
    using scope.tenant_id, scope.unit_ids, me;
    return array_remove(found_keys, null);
end
$$;

comment on function authz.my_row_keys(text, int) is
    'Values of the first column of an owner''s path (counted from 1) in rows that the user who '
    'is signed in may read by that owner, as text; empty for nobody, and for those who may read '
    'all of a tenant: see authz.my_tenants().';
revoke all on function authz.my_row_keys(text, int) from public;
grant execute on function authz.my_row_keys(text, int) to fundwarden_app;
