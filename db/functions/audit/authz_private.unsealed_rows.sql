-- By the index on transactions: reads the rows since the last seal, not the log.

create or replace function authz_private.unsealed_rows()
returns table (unsealed bigint, oldest interval)
language sql stable security invoker parallel safe
begin atomic
    select
        count(*),
        clock_timestamp() - min(l.logged_at)
    from (
        select
            s.snapshot,
            s.sealed_by,
            s.cluster = authz_private.cluster_id() as is_here
        from audit.seals as s
        order by s.number desc
        limit 1
    ) as s
    inner join audit.permission_audit_log as l
        on l.xid >= case when s.is_here then pg_snapshot_xmin(s.snapshot) else '0' end
    where not s.is_here
        or l.xid = s.sealed_by
        or not pg_visible_in_snapshot(l.xid, s.snapshot);
end;

comment on function authz_private.unsealed_rows() is
    'How many rows of the log no seal covers, and the age of the oldest, null without any. After a '
    'restore on another server all rows count, until the first seal there.';
revoke all on function authz_private.unsealed_rows() from public;
