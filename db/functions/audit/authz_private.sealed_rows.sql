-- The same question when a seal is made and when it is verified. Hashed in two levels: no value
-- grows with the number of rows beyond what a value may hold.

create or replace function authz_private.sealed_rows(
    month date, ids int8multirange, previous audit.seals default null
)
returns table (row_count bigint, rows_hash bytea, altered_id bigint, misplaced_id bigint)
language plpgsql stable security invoker parallel safe
set timezone = 'UTC'
as $$
begin
    return query
    select
        coalesce(sum(c.row_count), 0)::bigint,
        sha256(coalesce(string_agg(c.rows_hash, '' order by c.part), '')),
        min(c.altered_id),
        min(c.misplaced_id)
    from (
        select
            l.id / 16384 as part,
            count(*) as row_count,
            sha256(string_agg(l.row_hash, '' order by l.id)) as rows_hash,
            min(l.id) filter (where l.row_hash <> authz_private.log_row_hash(l)) as altered_id,
            min(l.id) filter (
                where authz_private.belongs_under_seal(
                    l.xid, l.logged_at,
                    (previous).snapshot, (previous).sealed_by, (previous).sealed_at
                )
            ) as misplaced_id
        from unnest(ids) as r (range)
        inner join audit.permission_audit_log as l
            on l.id >= lower(r.range) and l.id < upper(r.range)
        where l.logged_at >= month::timestamptz
            and l.logged_at < (month + interval '1 month')::timestamptz
        group by l.id / 16384
    ) as c;
end
$$;

comment on function authz_private.sealed_rows(date, int8multirange, audit.seals) is
    'How many rows of the log of that month have these ids, the hash over their hashes, the first '
    'whose own hash is not that of its content, and the first that the previous seal should have '
    'covered; null: none, or no previous seal.';
revoke all on function authz_private.sealed_rows(date, int8multirange, audit.seals) from public;
