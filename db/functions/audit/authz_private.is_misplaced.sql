-- Inlined, once per row that is verified. A row that was written after a seal is of a transaction
-- that had not ended then; and one that begun after it is not older than it, but for clocks of
-- servers that differ.

create or replace function authz_private.is_misplaced(
    xid xid8, logged_at timestamptz, snapshot pg_snapshot, sealed_by xid8, sealed_at timestamptz
)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select is_misplaced.xid <> is_misplaced.sealed_by
        and pg_visible_in_snapshot(is_misplaced.xid, is_misplaced.snapshot)
        or is_misplaced.xid > is_misplaced.sealed_by
        and is_misplaced.logged_at < is_misplaced.sealed_at - interval '5 minutes';
end;

comment on function authz_private.is_misplaced(
    xid8, timestamptz, pg_snapshot, xid8, timestamptz
) is
    'Whether a row that this seal does not cover is of a transaction, or of a time, that it would '
    'have covered; null without a seal.';
revoke all on function authz_private.is_misplaced(
    xid8, timestamptz, pg_snapshot, xid8, timestamptz
) from public;
