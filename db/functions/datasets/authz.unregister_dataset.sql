-- Rules first: while they are deleted the table is compiled for the last time.

create or replace function authz.unregister_dataset(name text)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    dataset authz.datasets;
begin
    select d.* into dataset from authz.datasets as d where d.name = unregister_dataset.name;
    if dataset.name is null then
        raise exception 'name % is not a dataset',
            coalesce(quote_literal(left(unregister_dataset.name, 100)), 'null')
            using errcode = '22023', hint = 'See authz.datasets.';
    end if;
    -- Deleting rules compiles the dataset. Owners whose path no longer fits would make that fail.
    if dataset.owners is not null then
        perform authz_private.withdraw_dataset(dataset.name);
        perform authz_private.drop_storage(dataset.name);
        update authz.datasets as d set owners = null, storage = 'joined' where d.name = dataset.name;
    end if;
    delete from authz.row_permissions as r where r.dataset = dataset.name;
    delete from authz.column_permissions as r where r.dataset = dataset.name;
    perform authz_private.withdraw_dataset(dataset.name);
    if exists (select from pg_class as c where c.oid = dataset.table_name) then
        if dataset.before -> 'owner_policy' = 'false' then
            execute format('drop policy owner_does_everything on %s', dataset.table_name);
        end if;
        if dataset.before -> 'forced' = 'false' then
            execute format('alter table %s no force row level security', dataset.table_name);
        end if;
        if dataset.before -> 'row_security' = 'false' then
            execute format('alter table %s disable row level security', dataset.table_name);
        end if;
    end if;
    delete from authz.datasets as d where d.name = dataset.name;
end
$$;

comment on function authz.unregister_dataset(text) is
    'Deletes the rules of a dataset, its policies and its view, and gives its table back the row '
    'security and rights it had. Only the owner may call it. 22023 if there is no such dataset; '
    '2BP01 when something depends on the view.';
revoke all on function authz.unregister_dataset(text) from public;
