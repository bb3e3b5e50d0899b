-- The runner knows the same numbers, for servers on which nothing is installed.

create or replace function ops.check_release()
returns ops.health_check
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    version constant int := current_setting('server_version_num')::int;
    major constant int := version / 10000;
    minor constant int := version % 10000;
    wanted int;
begin
    select s.minor
    into wanted
    from (values (15, 19), (16, 15), (17, 11), (18, 6)) as s (release, minor)
    where s.release = major;

    return ops.finding(
        'release',
        'PostgreSQL has the fixes that row security and ltree need',
        'warning',
        (minor < wanted)::int,
        format('PostgreSQL %s.%s', major, minor),
        format('Upgrade PostgreSQL to %s.%s or later.', major, wanted)
    );
end
$$;

comment on function ops.check_release() is
    'Whether this minor release of PostgreSQL has closed the known holes of row security and '
    'ltree.';
revoke all on function ops.check_release() from public;
grant execute on function ops.check_release()
to fundwarden_operator, fundwarden_auditor;
