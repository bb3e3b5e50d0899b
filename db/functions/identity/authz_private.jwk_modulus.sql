-- RFC 7517 and 7518: what is not for RS256 is passed over, as the key sets of providers hold keys
-- for other uses; what is for RS256 and not safe is refused.

create or replace function authz_private.jwk_modulus(jwk jsonb)
returns bytea
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    content bytea;
    kid text := quote_nullable(jwk ->> 'kid');
begin
    if jsonb_typeof(jwk) is distinct from 'object' or jsonb_typeof(jwk -> 'kty') <> 'string' then
        raise exception 'jwks: a key is no object with a kty'
            using errcode = '22023', hint = 'Pass the key set as the provider publishes it.';
    end if;
    if jwk ?| array['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] then
        raise exception 'jwks: key % is private or a shared secret', kid
            using errcode = '22023', hint = 'Import public keys alone, and replace this key.';
    end if;
    if jwk ->> 'kty' <> 'RSA'
        or coalesce(jwk ->> 'use', 'sig') <> 'sig'
        or coalesce(jwk ->> 'alg', 'RS256') <> 'RS256'
        or jwk ? 'key_ops' and not coalesce(jwk -> 'key_ops' ? 'verify', false)
    then
        return null;
    end if;
    if jsonb_typeof(jwk -> 'kid') is distinct from 'string'
        or jwk ->> 'kid' !~ '\S'
        or length(jwk ->> 'kid') > 200
    then
        raise exception 'jwks: a key has no kid of 1 to 200 characters'
            using errcode = '22023', hint = 'Give each key the kid that tokens name.';
    end if;
    if jwk -> 'e' is distinct from '"AQAB"'::jsonb then
        raise exception 'jwks: the exponent of key % is not 65537', kid
            using errcode = '22023', hint = 'Have the provider make a key with the usual exponent.';
    end if;
    content := authz_private.bytes_of_base64url(
        case when jsonb_typeof(jwk -> 'n') = 'string' then jwk ->> 'n' end
    );
    if content is null
        or octet_length(content) not between 256 and 512
        -- 2048 bits, and no zero in front.
        or get_byte(content, 0) < (case when octet_length(content) = 256 then 128 else 1 end)
        or get_byte(content, octet_length(content) - 1) % 2 = 0
    then
        raise exception 'jwks: the modulus of key % is not one of 2048 to 4096 bits', kid
            using
                errcode = '22023',
                hint = 'Pass n in base64url without padding or leading zeros.';
    end if;
    return content;
end
$$;

comment on function authz_private.jwk_modulus(jsonb) is
    'The modulus of a public JSON web key for RS256; null for a key of another use. 22023 for one '
    'that is private, short, or has another exponent than 65537.';
revoke all on function authz_private.jwk_modulus(jsonb) from public;
