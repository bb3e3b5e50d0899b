-- No row is refused without its month; but moving a month out of the default one stops writers.

create or replace function ops.check_audit_partitions()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    missing bigint;
    latest date;
    strays bigint;
begin
    select count(*)
    into missing
    from generate_series(0, 1) as g (n)
    where not exists (
        select
        from authz_private.log_partitions() as p
        where p.month = (
                date_trunc('month', clock_timestamp() at time zone 'UTC')
                + make_interval(months => g.n)
            )::date
    );
    select max(p.month) into latest from authz_private.log_partitions() as p;
    select count(*)
    into strays
    from (select from audit.permission_audit_log_default limit 1000) as d;

    return ops.finding(
        'audit_partitions',
        'The log has a partition for this month and the next',
        'warning',
        missing + strays,
        format(
            'months without a partition, of this and the next: %s; the last there is: %s; rows in '
            'the default partition: %s',
            missing, coalesce(to_char(latest, 'YYYY-MM'), 'none'), strays
        ),
        'audit.seal() makes them; it has not run, or could not lock the default partition.',
        'select audit.make_partitions();',
        'fundwarden_operator'
    );
end
$$;

comment on function ops.check_audit_partitions() is
    'Whether the log has partitions for this month and the next, and rows in the default one, of '
    'which it counts at most 1000.';
revoke all on function ops.check_audit_partitions() from public;
grant execute on function ops.check_audit_partitions()
to fundwarden_operator, fundwarden_auditor;
