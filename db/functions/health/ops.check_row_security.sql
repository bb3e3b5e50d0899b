-- Rights are left to the checks of rights; what migrate can mend is mended first.

create or replace function ops.check_row_security()
returns ops.health_check
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wrong bigint;
    which text;
    is_migrated boolean;
    commands text;
begin
    select
        count(*),
        array_to_string(
            (array_agg(l.rule || ': ' || l.object order by l.rule, l.object))[1:5], '; '
        ),
        bool_or(
            l.rule in (
                'definer_search_path', 'function_leakproof', 'view_not_invoker', 'function_public'
            )
        ),
        string_agg(
            case l.rule
                when 'rls_not_forced' then
                    format('alter table %s enable row level security;', l.object)
                    || E'\n' || format('alter table %s force row level security;', l.object)
                when 'role_attribute' then
                    format(
                        'alter role %s nosuperuser nobypassrls nocreaterole nocreatedb '
                        'noreplication nologin;',
                        l.object
                    )
                when 'dataset_out_of_step' then (
                    select string_agg(distinct p.repair, E'\n' order by p.repair)
                    from ops.dataset_problems() as p
                    where l.object = format('%s: %s', p.dataset, p.problem)
                )
                when 'default_privileges' then
                    'alter default privileges for role fundwarden_owner '
                    'revoke execute on functions from public;'
            end,
            E'\n' order by l.rule, l.object
        )
    into wrong, which, is_migrated, commands
    from ops.rls_lint() as l
    where l.rule <> 'database_right';

    return ops.finding(
        'row_security',
        'Row security cannot be passed',
        'critical',
        wrong,
        format('rules that are broken: %s%s', wrong, ' (' || which || ')'),
        'ops.rls_lint() says what is wrong with each and what to do.',
        case
            when is_migrated then 'runner migrate'
            else coalesce(commands, 'select l.object, l.problem, l.hint from ops.rls_lint() as l;')
        end,
        'installer'
    );
end
$$;

comment on function ops.check_row_security() is
    'Whether ops.rls_lint() finds anything but rights on the database.';
revoke all on function ops.check_row_security() from public;
grant execute on function ops.check_row_security()
to fundwarden_operator, fundwarden_auditor;
