-- Where the extension is, by its schema, which may be any.

create or replace function ops.check_slow_queries()
returns ops.health_check
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    title constant text := 'Questions are answered within 100 ms';
    statements text;
    slow bigint;
    which text;
begin
    select format('%I.pg_stat_statements', n.nspname)
    into statements
    from pg_extension as e
    inner join pg_namespace as n on e.extnamespace = n.oid
    where e.extname = 'pg_stat_statements';
    if statements is null then
        return ops.finding(
            'slow_queries', title, 'ok', 0, 'pg_stat_statements is not installed'
        );
    end if;
    begin
        -- Only what has its constants replaced: no value of anybody is told.
        execute format(
            $q$
            select
                count(*) filter (where t.place <= 3 and t.mean_exec_time >= 100),
                string_agg(
                    format('%%s ms a call, %%s calls: %%s', round(t.mean_exec_time::numeric, 1),
                        t.calls, t.function
                    ),
                    '; ' order by t.place
                ) filter (where t.place <= 3)
            from (
                select
                    s.mean_exec_time,
                    s.calls,
                    substring(s.query from '(?:authz|finance|audit)[.][a-z_]+') as function,
                    row_number() over (order by s.mean_exec_time desc) as place
                from %s as s
                inner join pg_database as d on s.dbid = d.oid and d.datname = current_database()
                where s.toplevel
                    and s.query ~* '^\s*(select|call)'
                    and s.query ~ '(authz|finance|audit)[.][a-z_]+[(]'
            ) as t
            $q$,
            statements
        )
        into slow, which;
    exception
        when object_not_in_prerequisite_state then
            return ops.finding(
                'slow_queries', title, 'info', 1, 'pg_stat_statements is not loaded',
                'Add it to shared_preload_libraries and restart the server.'
            );
    end;

    return ops.finding(
        'slow_queries',
        title,
        'info',
        slow,
        coalesce(which, 'no question was asked yet'),
        'Look at the statements, and at the checks effective_view and indexes.',
        format(
            'select s.mean_exec_time, s.calls, s.query from %s as s '
            'order by s.mean_exec_time desc limit 10;',
            statements
        ),
        'fundwarden_operator'
    );
end
$$;

comment on function ops.check_slow_queries() is
    'The three slowest questions to functions of fundwarden by pg_stat_statements, where it is '
    'installed; info from 100 ms a call on.';
revoke all on function ops.check_slow_queries() from public;
grant execute on function ops.check_slow_queries()
to fundwarden_operator, fundwarden_auditor;
