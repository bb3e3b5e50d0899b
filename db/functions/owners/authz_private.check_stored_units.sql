-- A page that could be wrong is refused rather than shown.

create or replace function authz_private.check_stored_units(dataset text)
returns void
language plpgsql stable security invoker parallel safe
as $$
declare
    p record;
begin
    select s.*
    into p
    from authz_private.storage_problems(check_stored_units.dataset) as s
    limit 1;
    if found then
        raise exception 'dataset %: % % of % is missing',
            check_stored_units.dataset, p.kind, p.name, p.table_name
            using
                errcode = '55000',
                hint = format(
                    'The owner of the package repairs it: select authz.store_owners(%L)',
                    check_stored_units.dataset
                );
    end if;
end
$$;

comment on function authz_private.check_stored_units(text) is
    'Refuses, 55000, to read a dataset whose stored units may be wrong.';
revoke all on function authz_private.check_stored_units(text) from public;
