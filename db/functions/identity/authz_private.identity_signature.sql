-- Binds who acts to this backend and this transaction: the same text set by hand, copied from
-- another transaction or left over in a pool does not verify. Transactions sent in one message
-- share their timestamp, hence the transaction id; a standby, which has none, has only the former.

create or replace function authz_private.identity_signature(
    effective_id bigint, real_id bigint, inner_key bytea, outer_key bytea
)
returns bytea
language sql stable security invoker parallel restricted
begin atomic
    select authz_private.keyed_hash(
        -- Of fixed widths, so that no two meanings have one spelling.
        int8send(identity_signature.effective_id)
        || int8send(coalesce(identity_signature.real_id, 0))
        || int4send(pg_backend_pid())
        || timestamptz_send(transaction_timestamp())
        || coalesce(xid8send(pg_current_xact_id_if_assigned()), ''::bytea),
        identity_signature.inner_key,
        identity_signature.outer_key
    );
end;

comment on function authz_private.identity_signature(bigint, bigint, bytea, bytea) is
    'Signature under which this transaction, and no other, acts for effective_id on behalf of '
    'real_id, null for a login that signed nobody in.';
revoke all on function authz_private.identity_signature(bigint, bigint, bytea, bytea) from public;
