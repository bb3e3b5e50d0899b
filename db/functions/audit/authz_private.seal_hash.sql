-- Reads the same in every session, as authz_private.audit_header does.

create or replace function authz_private.seal_hash(seal audit.seals)
returns bytea
language sql stable security invoker parallel safe
begin atomic
    select sha256(
        convert_to(
            (seal_hash.seal).number::text
            || '|' || (seal_hash.seal).kind
            || '|' || (extract(epoch from (seal_hash.seal).sealed_at) * 1000000)::bigint::text
            || '|' || (seal_hash.seal).sealed_by::text
            || '|' || (seal_hash.seal).snapshot::text
            || '|' || (seal_hash.seal).cluster::text
            || '|' || coalesce(((seal_hash.seal).month - date '2000-01-01')::text, '-')
            || '|' || (seal_hash.seal).ids::text
            || '|' || (seal_hash.seal).row_count::text
            || '|' || (seal_hash.seal).total_rows::text
            || '|' || encode((seal_hash.seal).rows_hash, 'hex')
            || '|' || coalesce((seal_hash.seal).note::text, '-')
            || '|' || encode((seal_hash.seal).previous_hash, 'hex'),
            'UTF8'
        )
    );
end;

comment on function authz_private.seal_hash(audit.seals) is
    'The hash a seal carries: sha256 of everything else in it.';
revoke all on function authz_private.seal_hash(audit.seals) from public;
