-- Binds a user to this backend and this transaction: the same text set by hand, copied from
-- another transaction or left over in a pool does not verify. Transactions sent in one message
-- share their timestamp, hence the transaction id; a standby, which has none, has only the former.

create or replace function authz_private.identity_signature(user_id bigint)
returns text
language sql stable security invoker parallel restricted
begin atomic
    select encode(
        sha256(
            k.outer_key || sha256(
                k.inner_key || convert_to(
                    format(
                        '%s|%s|%s|%s',
                        identity_signature.user_id,
                        pg_backend_pid(),
                        extract(epoch from transaction_timestamp()),
                        pg_current_xact_id_if_assigned()
                    ),
                    'UTF8'
                )
            )
        ),
        'hex'
    )
    from authz_private.identity_key as k;
end;

comment on function authz_private.identity_signature(bigint) is
    'Hex signature under which this transaction, and no other, acts for the user.';
revoke all on function authz_private.identity_signature(bigint) from public;
