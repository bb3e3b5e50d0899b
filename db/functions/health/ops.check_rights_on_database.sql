-- These are not in a plain dump, so a restore loses them silently.

create or replace function ops.check_rights_on_database()
returns ops.health_check
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wrong bigint;
    which text;
begin
    select
        count(*),
        array_to_string((array_agg(r.what order by r.what))[1:5], '; ')
    into wrong, which
    from ops.check_database_rights() as r;

    return ops.finding(
        'rights_on_database',
        'Nobody but the owner may make schemas or temporary tables',
        'critical',
        wrong,
        format(
            'rights on the database and its schemas that differ: %s%s', wrong, ' (' || which || ')'
        ),
        'What somebody plants there, functions of the owner could find.',
        'select ops.apply_database_rights();',
        'installer'
    );
end
$$;

comment on function ops.check_rights_on_database() is
    'Whether ops.check_database_rights() finds anything.';
revoke all on function ops.check_rights_on_database() from public;
grant execute on function ops.check_rights_on_database()
to fundwarden_operator, fundwarden_auditor;
