-- One snapshot, however long it takes: writers and seals go on beside it.

create or replace function audit.verify()
returns table (seal_number bigint, row_id bigint, problem text)
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
as $$
#variable_conflict use_column
declare
    seal audit.seals;
    last audit.seals;
    -- The last one another transaction made: those one call makes cover months, not times.
    previous audit.seals;
    covered int8multirange := '{}';
    kept_rows bigint := 0;
    kept_from date := (
        select max((s.note ->> 'kept_from')::date) from audit.seals as s where s.kind = 'retention'
    );
    here record;
    -- Asked once: it reads a file.
    here_cluster constant bigint := authz_private.cluster_id();
begin
    for seal in select s.* from audit.seals as s order by s.number loop
        seal_number := seal.number;
        row_id := null;
        problem := case
            when seal.number <> coalesce(last.number + 1, 0) then 'a seal before this one is missing'
            when seal.hash <> authz_private.seal_hash(seal) then 'the seal was altered'
            when seal.previous_hash <> coalesce(last.hash, '')
                then 'the seal before this one is not the one it was made after'
            when (seal.kind = 'start') <> (seal.number = 0)
                or seal.total_rows <> coalesce(last.total_rows, 0) + seal.row_count
                or seal.kind <> 'rows' and (seal.row_count <> 0 or not isempty(seal.ids))
                then 'the seal does not fit the one before it'
            when seal.ids && covered then 'the seal covers rows that an earlier one covers'
        end;
        if problem is not null then
            return next;
            return;
        end if;
        if last.sealed_by <> seal.sealed_by then
            previous := last;
        end if;
        last := seal;
        continue when seal.kind <> 'rows';

        covered := covered + seal.ids;
        continue when seal.month < kept_from;
        kept_rows := kept_rows + seal.row_count;
        select r.*
        into here
        from authz_private.sealed_rows(
            seal.month, seal.ids,
            case when previous.cluster = seal.cluster then previous end
        ) as r;
        if here.altered_id is not null then
            row_id := here.altered_id;
            problem := 'the row was altered';
        elsif here.row_count < seal.row_count then
            select min(g.id)
            into row_id
            from unnest(seal.ids) as r (range)
            cross join lateral generate_series(lower(r.range), upper(r.range) - 1) as g (id)
            where not exists (
                select
                from audit.permission_audit_log as l
                where l.id = g.id
                    and l.logged_at >= seal.month::timestamptz
                    and l.logged_at < (seal.month + interval '1 month')::timestamptz
            );
            problem := 'the row was removed';
        elsif here.row_count > seal.row_count then
            select min(d.id)
            into row_id
            from (
                select l.id
                from audit.permission_audit_log as l
                where l.id <@ seal.ids
                group by l.id
                having count(*) > 1
            ) as d;
            problem := 'a row was inserted beside the one of the same id';
        elsif here.rows_hash <> seal.rows_hash then
            problem := 'a row was altered or replaced, and its hash with it';
        elsif here.misplaced_id is not null then
            row_id := here.misplaced_id;
            problem := 'the row was inserted later than it says';
        end if;
        if problem is not null then
            return next;
            return;
        end if;
    end loop;

    seal_number := null;
    row_id := null;
    if last.number is null then
        problem := 'the first seal is missing';
        return next;
        return;
    end if;
    select
        count(*) filter (where l.id <@ covered) as covered_rows,
        min(l.id) filter (where l.logged_at < kept_from::timestamptz) as returned_id,
        min(l.id) filter (
            where not l.id <@ covered and l.row_hash <> authz_private.log_row_hash(l)
        ) as altered_id,
        min(l.id) filter (
            where not l.id <@ covered
                and last.cluster = here_cluster
                and authz_private.belongs_under_seal(
                    l.xid, l.logged_at, last.snapshot, last.sealed_by, last.sealed_at
                )
        ) as misplaced_id
    into here
    from audit.permission_audit_log as l;
    if here.returned_id is not null then
        row_id := here.returned_id;
        problem := 'the row was inserted in a month that was dropped';
    elsif here.covered_rows > kept_rows then
        select min(l.id)
        into row_id
        from audit.permission_audit_log as l
        where l.id <@ covered
            and not exists (
                select
                from audit.seals as s
                where s.month = date_trunc('month', l.logged_at)::date and l.id <@ s.ids
            );
        problem := 'a row was inserted with the id of another';
    elsif here.altered_id is not null then
        row_id := here.altered_id;
        problem := 'the row, not sealed yet, was altered';
    elsif here.misplaced_id is not null then
        row_id := here.misplaced_id;
        problem := 'the row was inserted later than it says';
    end if;
    if problem is not null then
        return next;
        return;
    end if;
    return query
    select
        null::bigint,
        a.row_id,
        a.problem
    from authz_private.verify_arrived_rows(kept_from) as a;
end
$$;

-- An owner who recomputes the whole chain does not know how to recompute what is kept elsewhere.
create or replace function audit.verify(head text)
returns table (seal_number bigint, row_id bigint, problem text)
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    seal audit.seals;
begin
    if head is null or head !~ '^[0-9]{1,18}:[0-9]{1,18}:[0-9a-f]{64}$' then
        raise exception 'head is not the head of a chain of seals'
            using errcode = '22023', hint = 'Pass what audit.seal() returned: number:rows:hash.';
    end if;
    select s.* into seal from audit.seals as s where s.number = split_part(head, ':', 1)::bigint;
    if not found then
        seal_number := split_part(head, ':', 1)::bigint;
        problem := 'the seal of the head is missing';
        return next;
    elsif authz_private.seal_head(seal) <> head then
        seal_number := seal.number;
        problem := 'the seal is not the one of the head: it, or one before it, was replaced';
        return next;
    else
        return query select v.seal_number, v.row_id, v.problem from audit.verify() as v;
    end if;
end
$$;

comment on function audit.verify() is
    'The first seal or row of the log that is not what it was: altered, removed, or inserted. Null '
    'seal_number: in the rows no seal covers yet, or in those that arrived from the logs of other '
    'cells; no row: all is as it was sealed.';
comment on function audit.verify(text) is
    'As audit.verify(), and whether the chain still holds the seal of this head, which '
    'audit.seal() returned and which was kept elsewhere: what was sealed by then cannot have been '
    'changed by anybody. 22023 when head is none.';
revoke all on function audit.verify() from public;
revoke all on function audit.verify(text) from public;
grant execute on function audit.verify() to fundwarden_auditor, fundwarden_operator;
grant execute on function audit.verify(text) to fundwarden_auditor, fundwarden_operator;
