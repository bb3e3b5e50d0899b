-- HMAC as soon as the two keys are the pads of one secret; with independent keys the same nested
-- hash. Built of sha256, as pgcrypto may be missing.

create or replace function authz_private.keyed_hash(
    message bytea, inner_key bytea, outer_key bytea
)
returns bytea
language sql immutable security invoker parallel safe
begin atomic
    select sha256(keyed_hash.outer_key || sha256(keyed_hash.inner_key || keyed_hash.message));
end;

comment on function authz_private.keyed_hash(bytea, bytea, bytea) is
    'Nested SHA-256 of the message, 32 bytes, that only who holds both keys can make.';
revoke all on function authz_private.keyed_hash(bytea, bytea, bytea) from public;
