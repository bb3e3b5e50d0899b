-- For a deployment that drops functions which policies and views depend on, in whose transaction
-- authz.compile_datasets() follows.

create or replace function authz.withdraw_datasets()
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    dataset text;
begin
    for dataset in select d.name from authz.datasets as d order by d.name
    loop
        perform authz_private.withdraw_dataset(dataset);
    end loop;
end
$$;

comment on function authz.withdraw_datasets() is
    'Drops the policies and views of all datasets and gives back rights, until '
    'authz.compile_datasets(); no rule holds meanwhile. Only the owner may call it; runner '
    'migrate calls it where it must. 2BP01 when something depends on a view.';
revoke all on function authz.withdraw_datasets() from public;
