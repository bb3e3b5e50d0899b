-- In the transaction of the change: a rule holds from its commit on, and if it cannot be made to
-- hold it is not written.

create or replace function authz_private.tg_compile_datasets()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    dataset text;
    changed text [];
begin
    if tg_table_name = 'settings' then
        if not exists (
            select
            from old_rows as o
            cross join new_rows as n
            where o.data_permissions <> n.data_permissions
        )
        then
            return null;
        end if;
        changed := array(select d.name from authz.datasets as d);
    elsif tg_op = 'TRUNCATE' then
        changed := array(select d.name from authz.datasets as d);
    elsif tg_op = 'INSERT' then
        changed := array(select distinct n.dataset from new_rows as n);
    elsif tg_op = 'DELETE' then
        changed := array(select distinct o.dataset from old_rows as o);
    else
        changed := array(
            select n.dataset from new_rows as n union select o.dataset from old_rows as o
        );
    end if;
    for dataset in select c.name from unnest(changed) as c (name) order by c.name
    loop
        perform authz_private.compile_dataset(dataset);
    end loop;
    return null;
end
$$;

comment on function authz_private.tg_compile_datasets() is
    'Trigger: compiles the datasets whose rules, or the switch, a statement changed.';
revoke all on function authz_private.tg_compile_datasets() from public;
