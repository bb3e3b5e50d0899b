-- RFC 8017, section 8.2.2, with the public exponent 65537 = 2^16 + 1. The whole block is made and
-- compared, as a number: nothing of what a signer wrote is parsed, so no other padding passes.

create or replace function authz_private.rsa_signature_holds(
    signed bytea, signature bytea, modulus numeric, modulus_bytes int
)
returns boolean
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    presented numeric;
    opened numeric;
begin
    if octet_length(signature) is distinct from modulus_bytes then
        return false;
    end if;
    presented := authz_private.number_of_bytes(signature);
    if presented >= modulus then
        return false;
    end if;
    opened := presented;
    for i in 1 .. 16 loop
        opened := mod(opened * opened, modulus);
    end loop;
    return mod(opened * presented, modulus) = authz_private.number_of_bytes(
        '\x0001'::bytea
        || decode(repeat('ff', modulus_bytes - 54), 'hex')
        || '\x00'::bytea
        -- DigestInfo of SHA-256, in DER.
        || '\x3031300d060960864801650304020105000420'::bytea
        || sha256(signed)
    );
end
$$;

comment on function authz_private.rsa_signature_holds(bytea, bytea, numeric, int) is
    'Whether the signature is that of the signed bytes: RSASSA-PKCS1-v1_5 with SHA-256 and the '
    'exponent 65537, which tokens call RS256.';
revoke all on function authz_private.rsa_signature_holds(bytea, bytea, numeric, int) from public;
