-- Inlined, once per row that is verified. A row that was written after a seal is of a transaction
-- that had not ended then; and one that begun after it is not older than it, but for clocks of
-- servers that differ.

create or replace function authz_private.belongs_under_seal(
    xid xid8, logged_at timestamptz, snapshot pg_snapshot, sealed_by xid8, sealed_at timestamptz
)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select belongs_under_seal.xid <> belongs_under_seal.sealed_by
        and pg_visible_in_snapshot(belongs_under_seal.xid, belongs_under_seal.snapshot)
        or belongs_under_seal.xid > belongs_under_seal.sealed_by
        and belongs_under_seal.logged_at < belongs_under_seal.sealed_at - interval '5 minutes';
end;

comment on function authz_private.belongs_under_seal(
    xid8, timestamptz, pg_snapshot, xid8, timestamptz
) is
    'Whether a row that this seal does not cover is of a transaction, or of a time, that it would '
    'have covered; null without a seal.';
revoke all on function authz_private.belongs_under_seal(
    xid8, timestamptz, pg_snapshot, xid8, timestamptz
) from public;
