-- Current. As the caller: what one may know of others' connections is the server's to say.

create or replace view ops.replication
with (security_invoker = true) as
select
    'primary' as role,
    r.application_name as peer,
    coalesce(r.state, 'hidden') as state,
    pg_wal_lsn_diff(
        case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end,
        r.replay_lsn
    ) as lag_bytes,
    extract(epoch from r.replay_lag) as lag_seconds,
    coalesce(r.state not in ('streaming', 'backup'), false)
    or coalesce(r.replay_lag > interval '1 minute', false)
    or coalesce(
        pg_wal_lsn_diff(
            case
                when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn()
            end,
            r.replay_lsn
        ) > 1024 * 1024 * 1024,
        false
    ) as is_behind
from pg_stat_replication as r
union all
select
    'standby',
    null,
    case when pg_is_wal_replay_paused() then 'paused' else 'replaying' end,
    pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()),
    -- Where all that came is replayed, the primary has had nothing to say.
    case
        when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
        else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())
    end,
    pg_is_wal_replay_paused()
    or coalesce(
        pg_last_wal_receive_lsn() <> pg_last_wal_replay_lsn()
        and clock_timestamp() - pg_last_xact_replay_timestamp() > interval '1 minute',
        false
    )
where pg_is_in_recovery();

comment on view ops.replication is
    'A row for each standby that is connected, seen from its primary, and one for this server '
    'where it is a standby itself; no rows: neither. What the caller may not know is null or '
    'hidden: a member of pg_monitor sees everything.';
comment on column ops.replication.role is 'What this server is towards the peer.';
comment on column ops.replication.peer is 'application_name of the standby; null on a standby.';
comment on column ops.replication.lag_bytes is
    'WAL that the standby has not replayed; on a standby, of what it has received.';
comment on column ops.replication.lag_seconds is
    'How far behind in time the standby was when last heard of.';
comment on column ops.replication.is_behind is
    'Whether it does not stream, is paused, or over a minute or a gigabyte behind.';
revoke all on ops.replication from public;
grant select on ops.replication to fundwarden_operator, fundwarden_auditor;
