-- Of the server, and those of a database or a login that every session begins with.

create or replace function ops.check_settings()
returns ops.health_check
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wrong bigint;
    is_critical boolean;
    which text;
    commands text;
begin
    select
        count(*),
        bool_or(w.is_critical),
        string_agg(w.title, '; ' order by w.title),
        string_agg(w.command, E'\n' order by w.title)
    into wrong, is_critical, which, commands
    from (
        select
            format('%s is %s', s.name, s.setting),
            d.name = 'session_replication_role',
            -- A setting of this session, database or login is in the other half.
            format(E'alter system set %I to %I;\nselect pg_reload_conf();', s.name, d.safe)
        from (
            values
            ('fsync', 'on'), ('full_page_writes', 'on'), ('autovacuum', 'on'),
            ('track_counts', 'on'), ('zero_damaged_pages', 'off'),
            ('ignore_checksum_failure', 'off'), ('session_replication_role', 'origin'),
            ('row_security', 'on')
        ) as d (name, safe)
        inner join pg_settings as s on d.name = s.name
        where s.setting <> d.safe
            and s.source not in ('database', 'user', 'database user', 'session', 'client')
        union all
        select
            format(
                '%s for %s', c.setting,
                concat_ws(' in ', nullif(r.rolname, ''), b.datname)
            ),
            c.setting like 'session_replication_role=%',
            case
                when r.rolname is null then format(
                    'alter database %I reset %I;', b.datname, split_part(c.setting, '=', 1)
                )
                when b.datname is null then format(
                    'alter role %I reset %I;', r.rolname, split_part(c.setting, '=', 1)
                )
                else format(
                    'alter role %I in database %I reset %I;', r.rolname, b.datname,
                    split_part(c.setting, '=', 1)
                )
            end
        from pg_db_role_setting as o
        left join pg_database as b on o.setdatabase = b.oid
        left join pg_roles as r on o.setrole = r.oid
        cross join lateral unnest(o.setconfig) as c (setting)
        where coalesce(b.datname, current_database()) = current_database()
            and c.setting ~ (
                '^(session_replication_role=(replica|local)|row_security=(off|false|no|0)'
                '|synchronous_commit=(off|false|no|0)|zero_damaged_pages=(on|true|yes|1))$'
            )
    ) as w (title, is_critical, command);

    return ops.finding(
        'settings',
        'No setting gives up safety',
        case when is_critical then 'critical' else 'warning' end::ops.severity,
        wrong,
        coalesce(which, 'none'),
        'fsync, full_page_writes and synchronous_commit: a crash loses what was acknowledged, a '
        'revoke too. session_replication_role: triggers do not fire. What the server was started '
        'with on its command line has to be changed there.',
        commands,
        'installer'
    );
end
$$;

comment on function ops.check_settings() is
    'Settings of the server, of this database and of logins in it with which data or a revoke can '
    'be lost, or triggers do not fire.';
revoke all on function ops.check_settings() from public;
grant execute on function ops.check_settings()
to fundwarden_operator, fundwarden_auditor;
