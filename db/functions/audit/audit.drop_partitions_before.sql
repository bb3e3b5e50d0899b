-- Retention. Only what was sealed, and is as it was sealed, is dropped; the chain says so for ever.

create or replace function audit.drop_partitions_before(month date)
returns text
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
as $$
declare
    doomed record;
    last audit.seals;
    note audit.seals;
    seal audit.seals;
    dropped_rows bigint := 0;
    dropped text [] := '{}';
    here record;
begin
    if month is null or month <> date_trunc('month', month)::date
        or month > date_trunc('month', clock_timestamp())::date
    then
        raise exception 'month % is not the first day of a month that has begun',
            coalesce(month::text, 'null')
            using errcode = '22023', hint = 'Pass the first month to keep, as in 2026-01-01.';
    end if;
    perform authz_private.lock_seal_chain();
    perform audit.make_partitions();
    for doomed in
        select
            p.partition_id,
            p.month
        from authz_private.log_partitions() as p
        where p.month < drop_partitions_before.month
        order by p.month
    loop
        execute format('lock table %s in access exclusive mode', doomed.partition_id);
        for seal in select s.* from audit.seals as s where s.month = doomed.month loop
            select r.* into here from authz_private.sealed_rows(seal.month, seal.ids) as r;
            if here.altered_id is not null
                or (here.row_count, here.rows_hash) is distinct from (seal.row_count, seal.rows_hash)
            then
                raise exception 'the log of % is not as it was sealed', to_char(doomed.month, 'YYYY-MM')
                    using errcode = '55000', hint = 'See audit.verify(); it is evidence.';
            end if;
            dropped_rows := dropped_rows + seal.row_count;
        end loop;
        if exists (
            select
            from audit.permission_audit_log as l
            where l.logged_at >= doomed.month::timestamptz
                and l.logged_at < (doomed.month + interval '1 month')::timestamptz
                and not exists (
                    select from audit.seals as s where s.month = doomed.month and l.id <@ s.ids
                )
        )
        then
            raise exception 'the log of % is not sealed', to_char(doomed.month, 'YYYY-MM')
                using errcode = '55000', hint = 'Call audit.seal() first.';
        end if;
        execute format('drop table %s', doomed.partition_id);
        dropped := dropped || to_char(doomed.month, 'YYYY-MM');
    end loop;

    select s.* into last from audit.seals as s order by s.number desc limit 1;
    if cardinality(dropped) = 0 then
        return authz_private.seal_head(last);
    end if;
    note.kind := 'retention';
    note.sealed_at := clock_timestamp();
    -- It covers no rows, so what the seal before has seen remains what is sealed.
    note.sealed_by := last.sealed_by;
    note.snapshot := last.snapshot;
    note.ids := '{}';
    note.row_count := 0;
    note.rows_hash := sha256('');
    note.note := jsonb_build_object(
        'kept_from', month, 'months', dropped, 'rows', dropped_rows, 'by', session_user
    );
    perform authz_private.audit_event(
        authz_private.row_context(null), 'RETENTION', null, note.note, null
    );
    return authz_private.seal_head(authz_private.append_seal(note));
end
$$;

comment on function audit.drop_partitions_before(date) is
    'Drops the months of the log before this one, if they are sealed and as they were sealed, '
    'and leaves a note of it in the chain; returns the head. History begins with this month '
    'then. 22023 when month is not the first of a month that has begun; 55000 when a month is '
    'not sealed or not intact; 25001 unless the isolation level is READ COMMITTED.';
revoke all on function audit.drop_partitions_before(date) from public;
