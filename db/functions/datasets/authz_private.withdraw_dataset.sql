-- Row security stays on: a row that no policy covers is not shown in the meantime.

create or replace function authz_private.withdraw_dataset(dataset text)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wanted authz.datasets;
    policy_name name;
    function_name text;
begin
    select d.*
    into wanted
    from authz.datasets as d
    where d.name = withdraw_dataset.dataset
        and exists (select from pg_class as c where c.oid = d.table_name);
    execute format('drop view if exists secure.%I', withdraw_dataset.dataset);
    -- By name: owners whose path no longer fits the catalog are withdrawn, too.
    for function_name in
        select p.oid::regprocedure::text
        from pg_proc as p
        where p.pronamespace = 'paged'::regnamespace
            and p.proname = any(
                array(
                    select withdraw_dataset.dataset || s.suffix
                    from unnest(authz_private.function_suffixes()) as s (suffix)
                )
            )
    loop
        execute 'drop function ' || function_name;
    end loop;
    if wanted.name is null then
        return;
    end if;
    for policy_name in
        select p.polname
        from pg_policy as p
        where p.polrelid = wanted.table_name and p.polname like 'data\_permission\_%'
    loop
        execute format('drop policy %I on %s', policy_name, wanted.table_name);
    end loop;
    perform authz_private.give_columns(wanted.table_name, wanted.before -> 'app_columns', '{}');
    if (wanted.before -> 'app_select')::boolean
        and not has_table_privilege('fundwarden_app', wanted.table_name, 'SELECT')
    then
        execute format('revoke select on %s from fundwarden_app', wanted.table_name);
        execute format('grant select on %s to fundwarden_app', wanted.table_name);
    end if;
end
$$;

comment on function authz_private.withdraw_dataset(text) is
    'Drops the policies, the view and the functions of a dataset and gives back the rights on its '
    'table. 2BP01 when something depends on the view.';
revoke all on function authz_private.withdraw_dataset(text) from public;
