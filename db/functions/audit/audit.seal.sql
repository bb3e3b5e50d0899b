-- Writers never wait for it, nor it for them: a row belongs to the first seal whose snapshot has
-- seen its transaction end, whatever the order of ids and commits.

create or replace function audit.seal()
returns text
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
as $$
declare
    callers_timeout constant text := current_setting('lock_timeout');
    last audit.seals;
    seal audit.seals;
    batch record;
    -- After a restore on another server: rows that only their ids tell from sealed ones.
    sealed int8multirange;
    here_cluster constant bigint := authz_private.cluster_id();
    -- The first transaction that may have rows which the last seal has not seen.
    first_xid xid8;
begin
    perform authz_private.lock_seal_chain();
    begin
        perform set_config('lock_timeout', '200ms', true);
        perform audit.make_partitions();
    exception
        -- Somebody reads the default partition; the next seal will do, the margin is months.
        when lock_not_available then
            raise notice 'partitions of the log are left to the next seal';
    end;
    perform set_config('lock_timeout', callers_timeout, true);

    select s.* into last from audit.seals as s order by s.number desc limit 1;
    if not found then
        raise exception 'the chain of seals has no beginning'
            using errcode = '55000', hint = 'See audit.verify().';
    end if;
    first_xid := case
        when last.cluster = here_cluster then pg_snapshot_xmin(last.snapshot) else '0'
    end;
    if exists (select from audit.seals as s where s.cluster <> here_cluster) then
        select range_agg(s.ids) into sealed from audit.seals as s where s.kind = 'rows';
    end if;
    -- Later rows of this transaction are for the next seal, so it has to be known by its number.
    seal.sealed_by := pg_current_xact_id();
    seal.sealed_at := clock_timestamp();
    for batch in
        select
            i.month,
            -- That of this statement: what it sees is what is sealed.
            pg_current_snapshot() as snapshot,
            range_agg(i.ids order by i.ids) as ids
        from (
            select
                r.month,
                int8range(min(r.id), max(r.id) + 1) as ids
            from (
                select
                    date_trunc('month', l.logged_at)::date as month,
                    l.id,
                    l.id - row_number() over (
                        partition by date_trunc('month', l.logged_at) order by l.id
                    ) as island
                from audit.permission_audit_log as l
                where l.xid >= first_xid
                    and l.xid <> seal.sealed_by
                    and (
                        last.cluster <> here_cluster
                        or l.xid = last.sealed_by
                        or not pg_visible_in_snapshot(l.xid, last.snapshot)
                    )
                    and (sealed is null or not l.id <@ sealed)
            ) as r
            group by r.month, r.island
        ) as i
        group by i.month
        order by i.month
    loop
        seal.kind := 'rows';
        seal.snapshot := batch.snapshot;
        seal.month := batch.month;
        seal.ids := batch.ids;
        select r.row_count, r.rows_hash
        into seal.row_count, seal.rows_hash
        from authz_private.sealed_rows(batch.month, batch.ids) as r;
        last := authz_private.append_seal(seal);
    end loop;
    return authz_private.seal_head(last);
end
$$;

comment on function audit.seal() is
    'Seals the rows of the log whose transactions have ended, one seal per month; returns the '
    'head of the chain, number:rows:hash, to be kept outside the database for '
    'audit.verify(head), and notifies audit_seal with it when there was something to seal. Waits '
    'for another seal. 25001 unless the isolation level is READ COMMITTED.';
revoke all on function audit.seal() from public;
grant execute on function audit.seal() to fundwarden_operator;
