-- A rule that cannot be compiled would fail a reading; it is refused when written.

create or replace function authz_private.check_filter(
    parameter text, dataset text, filter jsonb, dimension authz.permission_dimension, subject text
)
returns text
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wrong record;
    target regclass;
begin
    select d.table_name into target from authz.datasets as d where d.name = check_filter.dataset;
    if not found then
        raise exception 'dataset % is not registered',
            coalesce(quote_literal(left(check_filter.dataset, 100)), 'null')
            using errcode = '22023', hint = 'Call authz.register_dataset() first.';
    end if;
    if check_filter.filter is null then
        return null;
    end if;
    select * into wrong from authz_private.condition_problems(check_filter.filter, '$') limit 1;
    if found then
        raise exception '%: % %', parameter, wrong.found_at, wrong.problem
            using
                errcode = '22023',
                hint = 'authz.condition_problems() lists everything that is wrong.';
    end if;
    if check_filter.dimension = 'variable' and not jsonb_path_exists(
        check_filter.filter, '$.**.var ? (@ == $name)', jsonb_build_object('name', check_filter.subject)
    )
    then
        raise exception '%: $ does not ask for the variable %', parameter, check_filter.subject
            using
                errcode = '22023',
                hint = 'A rule of the dimension variable compares a column with {"var": subject}.';
    end if;
    return authz_private.compile_filter(
        target, check_filter.filter, '$', authz_private.filter_variables(check_filter.filter)
    );
exception
    when statement_too_complex or program_limit_exceeded then
        raise exception '%: $ is too much for one rule', parameter
            using errcode = '22023', hint = 'Write two rules.';
end
$$;

comment on function authz_private.check_filter(
    text, text, jsonb, authz.permission_dimension, text
) is
    'The filter or condition of a rule as a predicate (authz_private.compile_filter); null for '
    'none. 22023, naming parameter and JSON path, when it does not fit the dataset.';
revoke all on function authz_private.check_filter(
    text, text, jsonb, authz.permission_dimension, text
) from public;
