-- Cheap enough for a scrape every few seconds: counts what is counted anyway, and runs no check.

create or replace function ops.metric_values()
returns table (name text, type text, help text, labels jsonb, value double precision)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    last audit.seals;
begin
    select s.* into last from audit.seals as s order by s.number desc limit 1;
    return query
    select
        'fundwarden_marks_waiting',
        'gauge',
        'Changes of access that the view of effective policies has not seen.',
        '{}'::jsonb,
        count(*)::double precision
    from authz_private.policy_marks as m
    where not m.is_floor
    union all
    select
        'fundwarden_marks_oldest_seconds',
        'gauge',
        'Age of the oldest mark; 0 when none waits.',
        '{}',
        coalesce(extract(epoch from clock_timestamp() - min(m.marked_at)), 0)
    from authz_private.policy_marks as m
    where not m.is_floor
    union all
    select
        'fundwarden_view_populated',
        'gauge',
        'Whether the view of effective policies was ever filled.',
        '{}',
        authz_private.view_is_populated()::int
    union all
    select
        'fundwarden_view_answers',
        'gauge',
        'Whether the view of effective policies is read for users without a mark.',
        '{}',
        authz_private.view_answers_for(null)::int
    union all
    select
        'fundwarden_refresh_last_success_timestamp_seconds',
        'gauge',
        'When the last refresh that succeeded ended; 0 when none did.',
        '{}',
        coalesce(extract(epoch from max(l.finished_at)), 0)
    from ops.refresh_log as l
    where l.failure is null
    union all
    select
        'fundwarden_refresh_last_duration_seconds',
        'gauge',
        'How long the last refresh that succeeded took.',
        '{}',
        coalesce(
            (
                select extract(epoch from l.finished_at - l.started_at)
                from ops.refresh_log as l
                where l.failure is null
                order by l.id desc
                limit 1
            ),
            0
        )
    union all
    select
        'fundwarden_refresh_failures',
        'gauge',
        'Refreshes that failed after the last that succeeded.',
        '{}',
        count(*)
    from ops.refresh_log as l
    where l.failure is not null
        and l.id > coalesce(
            (select max(x.id) from ops.refresh_log as x where x.failure is null), 0
        )
    union all
    select
        'fundwarden_audit_unsealed_rows',
        'gauge',
        'Rows of the log that no seal covers.',
        '{}',
        u.unsealed
    from authz_private.unsealed_rows() as u
    union all
    select
        'fundwarden_audit_unsealed_oldest_seconds',
        'gauge',
        'Age of the oldest row of the log that no seal covers; 0 when all are sealed.',
        '{}',
        coalesce(extract(epoch from u.oldest), 0)
    from authz_private.unsealed_rows() as u
    union all
    select
        'fundwarden_audit_sealed_rows_total',
        'counter',
        'Rows of the log that were ever sealed.',
        '{}',
        coalesce(last.total_rows, 0)
    union all
    select
        'fundwarden_audit_last_seal_timestamp_seconds',
        'gauge',
        'When the last seal was made.',
        '{}',
        coalesce(extract(epoch from last.sealed_at), 0)
    union all
    select
        'fundwarden_audit_months_ahead',
        'gauge',
        'Partitions of the log that are made for months to come.',
        '{}',
        count(*)
    from authz_private.log_partitions() as p
    where p.month > clock_timestamp() at time zone 'UTC'
    union all
    select
        'fundwarden_tokens_refused_total',
        'counter',
        'Tokens that authz.sign_in refused, by cause.',
        jsonb_build_object('cause', c.cause),
        coalesce(pg_sequence_last_value(format('authz_private.refused_%s', c.cause)::regclass), 0)
    from unnest(authz_private.refusal_causes()) as c (cause)
    union all
    select
        'fundwarden_rows_estimated',
        'gauge',
        'Rows of a table as of its last analyze.',
        jsonb_build_object('schema', n.nspname, 'table', c.relname),
        greatest(c.reltuples, 0)
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspname in ('authz', 'finance', 'ops')
        and c.relkind in ('r', 'm')
    union all
    select
        'fundwarden_relation_bytes',
        'gauge',
        'Size of a table with its indexes and toast.',
        jsonb_build_object('schema', n.nspname, 'table', c.relname),
        pg_total_relation_size(c.oid)
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspname in ('authz', 'finance', 'audit', 'ops')
        and c.relkind in ('r', 'm')
    union all
    select
        'fundwarden_dead_rows',
        'gauge',
        'Dead rows of a table, and of the catalogs that temporary tables are written to.',
        jsonb_build_object('schema', t.schemaname, 'table', t.relname),
        t.n_dead_tup
    from pg_stat_all_tables as t
    where t.schemaname in ('authz', 'authz_private', 'finance', 'ops')
        or t.schemaname = 'pg_catalog' and t.relname in ('pg_class', 'pg_attribute', 'pg_type');
end
$$;

comment on function ops.metric_values() is
    'What ops.metrics shows.';
revoke all on function ops.metric_values() from public;
grant execute on function ops.metric_values() to fundwarden_operator, fundwarden_auditor;
