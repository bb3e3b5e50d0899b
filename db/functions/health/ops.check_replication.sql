-- Reads only: a standby answers too.

create or replace function ops.check_replication()
returns ops.health_check
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    peers bigint;
    behind bigint;
    which text;
    slots bigint;
    commands text;
begin
    select
        count(*),
        count(*) filter (where r.is_behind),
        string_agg(
            format('%s %s: %s s, %s bytes', r.role, r.state, round(r.lag_seconds), r.lag_bytes),
            '; ' order by r.role, r.peer
        )
    into peers, behind, which
    from ops.replication as r;
    select
        count(*),
        string_agg(format('select pg_drop_replication_slot(%L);', s.slot_name), E'\n')
    into slots, commands
    from pg_replication_slots as s
    where not s.active
        and s.restart_lsn is not null
        and not pg_is_in_recovery();
    if pg_is_in_recovery() and pg_is_wal_replay_paused() then
        commands := 'select pg_wal_replay_resume();';
    end if;

    return ops.finding(
        'replication',
        'Standbys are not behind',
        'warning',
        behind + slots,
        format(
            '%s; slots that nobody reads: %s',
            coalesce(which, 'no standby'), slots
        ),
        'A standby that is behind answers by the rights of then. A slot that nobody reads keeps '
        'the WAL until the disk is full: drop it only if its standby is gone for good.',
        commands,
        'installer'
    );
end
$$;

comment on function ops.check_replication() is
    'Standbys, or this one, that are over a minute or a gigabyte behind, and slots that nobody '
    'reads. Sees what the caller may see.';
revoke all on function ops.check_replication() from public;
grant execute on function ops.check_replication()
to fundwarden_operator, fundwarden_auditor;
