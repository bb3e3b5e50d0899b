-- Writes only what differs. A function whose columns changed is dropped first.

create or replace function authz_private.compile_dataset_functions(dataset text)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    f record;
    mark text;
begin
    for f in select w.* from authz_private.dataset_functions(compile_dataset_functions.dataset) as w
    loop
        mark := 'Compiled from authz.datasets: ' || md5(f.definition);
        continue when obj_description(to_regprocedure(f.identity), 'pg_proc') = mark;
        if to_regprocedure(f.identity) is not null and not f.is_trigger then
            execute 'drop function ' || f.identity;
        end if;
        execute f.definition;
        execute format('comment on function %s is %L', f.identity, mark);
        execute format('revoke all on function %s from public', f.identity);
        continue when not f.is_public;
        execute format(
            'grant execute on function %s to fundwarden_app%s', f.identity,
            case when f.is_export then '' else ', fundwarden_operator' end
        );
    end loop;
end
$$;

comment on function authz_private.compile_dataset_functions(text) is
    'Brings the functions of a dataset in schema paged to what its table and owners want.';
revoke all on function authz_private.compile_dataset_functions(text) from public;
