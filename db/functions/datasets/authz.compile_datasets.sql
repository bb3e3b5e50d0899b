-- After everything that may have changed what data permissions are compiled into without a rule
-- having changed: a deployment, a restore, a column added to a table.

create or replace function authz.compile_datasets()
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    dataset text;
begin
    for dataset in select d.name from authz.datasets as d order by d.name
    loop
        perform authz_private.compile_dataset(dataset);
    end loop;
end
$$;

comment on function authz.compile_datasets() is
    'Brings policies, rights and views of all datasets to what their rules say; writes only what '
    'differs. Only the owner may call it; runner migrate calls it.';
revoke all on function authz.compile_datasets() from public;
