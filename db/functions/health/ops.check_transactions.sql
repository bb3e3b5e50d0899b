-- As the caller: whose sessions one may look into is the server's to say. A transaction that goes
-- on keeps every mark written after it began, and the dead rows of all tables.

create or replace function ops.check_transactions(longer_than interval default '5 minutes')
returns ops.health_check
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    idle bigint;
    hidden bigint;
    oldest interval;
    commands text;
    prepared bigint;
    rollbacks text;
begin
    select
        count(*) filter (where a.xact_start < clock_timestamp() - longer_than),
        count(*) filter (where a.backend_type is null),
        max(clock_timestamp() - a.xact_start),
        string_agg(format('select pg_terminate_backend(%s);', a.pid), E'\n' order by a.xact_start)
            filter (where a.xact_start < clock_timestamp() - longer_than)
    into idle, hidden, oldest, commands
    from pg_stat_activity as a
    where a.datname = current_database()
        and a.usesysid is not null
        -- Null where the session may not be looked into.
        and (
            a.backend_type = 'client backend' and a.state like 'idle in transaction%'
            or a.backend_type is null
        );
    select
        count(*),
        string_agg(format('rollback prepared %L;', p.gid), E'\n' order by p.prepared)
    into prepared, rollbacks
    from pg_prepared_xacts as p
    where p.database = current_database()
        and p.prepared < clock_timestamp() - longer_than;

    return ops.finding(
        'transactions',
        'No transaction is left open',
        'warning',
        idle + prepared,
        format(
            'idle in transaction for over %s: %s, the oldest for %s s; prepared and not ended: '
            '%s%s',
            longer_than, idle, coalesce(round(extract(epoch from oldest)), 0), prepared,
            case
                when hidden > 0 then format('; sessions that you may not look into: %s', hidden)
            end
        ),
        'Find out whose they are in pg_stat_activity; idle_in_transaction_session_timeout ends '
        'them by itself. A member of pg_monitor sees every session.',
        concat_ws(E'\n', commands, rollbacks),
        'installer'
    );
end
$$;

comment on function ops.check_transactions(interval) is
    'Sessions idle in a transaction, and prepared transactions, for longer than so long: they hold '
    'back the purge of marks and vacuum. Sees the sessions that the caller may see.';
revoke all on function ops.check_transactions(interval) from public;
grant execute on function ops.check_transactions(interval)
to fundwarden_operator, fundwarden_auditor;
