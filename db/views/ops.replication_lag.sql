-- Answers on a replica are as old as this says: a revoke counts there when it has been replayed.

create or replace view ops.replication_lag
with (security_invoker = true)
as
select
    'standby' as side,
    s.application_name::text as name,
    s.state::text as state,
    s.sync_state::text as sync_state,
    pg_wal_lsn_diff(pg_current_wal_lsn(), s.replay_lsn) as bytes_behind,
    s.replay_lag as behind
from pg_stat_replication as s
where not pg_is_in_recovery()
union all
select
    'here' as side,
    r.sender_host::text as name,
    coalesce(r.status, 'not connected')::text as state,
    null::text as sync_state,
    pg_wal_lsn_diff(coalesce(r.latest_end_lsn, pg_last_wal_receive_lsn()), pg_last_wal_replay_lsn())
        as bytes_behind,
    -- Nothing to replay is not a lag, however long ago the last transaction was.
    case
        when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then interval '0'
        else clock_timestamp() - pg_last_xact_replay_timestamp()
    end as behind
from (values (1)) as one (row)
left join pg_stat_wal_receiver as r on true
where pg_is_in_recovery();

comment on view ops.replication_lag is
    'How far replicas are behind: on the primary one row per standby, on a standby one row about '
    'itself; bytes of WAL not replayed, and about how old answers are. What PostgreSQL hides from '
    'whoever is not granted pg_monitor is null.';
comment on column ops.replication_lag.side is 'standby: seen from the primary; here: this server.';
comment on column ops.replication_lag.name is
    'application_name of the standby, or the host this standby receives from.';
comment on column ops.replication_lag.state is
    'streaming, catchup ...; not connected where a standby receives nothing.';
comment on column ops.replication_lag.sync_state is
    'async, sync, quorum or potential; null on a standby.';
comment on column ops.replication_lag.bytes_behind is 'WAL that has not been replayed, in bytes.';
comment on column ops.replication_lag.behind is
    'Time between a commit and its replay; null: not known, or nothing was written lately.';
revoke all on ops.replication_lag from public;
grant select on ops.replication_lag to fundwarden_operator, fundwarden_auditor;
