-- The repair after a key, a check or a trigger was dropped or disabled, and the way from joined
-- storage to stored.

create or replace function authz.store_owners(name text)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    dataset authz.datasets;
begin
    select d.* into dataset from authz.datasets as d where d.name = store_owners.name;
    if dataset.name is null or dataset.owners is null then
        raise exception 'name % is not a dataset with owners',
            coalesce(quote_literal(left(store_owners.name, 100)), 'null')
            using errcode = '22023', hint = 'See authz.datasets.';
    end if;
    perform authz_private.withdraw_dataset(dataset.name);
    perform authz_private.drop_storage(dataset.name);
    perform authz_private.check_storage(
        dataset.table_name, dataset.name, dataset.owners, dataset.tenant_column
    );
    update authz.datasets as d set storage = 'stored' where d.name = dataset.name;
    perform authz_private.add_storage(dataset.name);
    perform authz_private.compile_dataset(dataset.name);
end
$$;

comment on function authz.store_owners(text) is
    'Stores the units of the owners of a dataset on its rows anew, or for the first time. Use it '
    'when ops.dataset_problems() reports a key, a check or a trigger of a stored dataset. Locks as '
    'authz.register_dataset() does. Only the owner may call it. 22023 if there is no such dataset; '
    '42501 and 22023 as for registering.';
revoke all on function authz.store_owners(text) from public;
