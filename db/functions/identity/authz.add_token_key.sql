-- Checked here before the table does: a constraint's DETAIL would print the secret.

create or replace function authz.add_token_key(kid text, secret bytea, audience text default null)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if kid is null or kid !~ '^[A-Za-z0-9._-]{1,100}$' then
        raise exception 'kid must be 1 to 100 of the characters A-Z, a-z, 0-9, ".", "_" and "-"'
            using errcode = '22023', hint = 'Name the key after the month it begins in.';
    end if;
    if secret is null or octet_length(secret) < 32 then
        raise exception 'secret must be of 32 bytes at least'
            using errcode = '22023', hint = 'Take 32 random bytes; a password is none.';
    end if;
    -- A public key is known to all: as a secret, everybody could sign with it. Its forms are a text
    -- between lines, a JSON web key, and DER with the number of rsaEncryption or of EC keys.
    if position('-----BEGIN '::bytea in secret) > 0
        or position('"kty"'::bytea in secret) > 0
        or position('\x06092a864886f70d010101'::bytea in secret) > 0
        or position('\x06072a8648ce3d0201'::bytea in secret) > 0
        or position('\x0203010001'::bytea in secret) > 0
        or authz_private.number_of_bytes(secret) in (
            select k.modulus from authz.identity_provider_keys as k
        )
    then
        raise exception 'secret is a key pair or a public key'
            using errcode = '22023', hint = 'Import public keys with authz.import_jwks().';
    end if;
    if audience !~ '\S' then
        raise exception 'audience must not be blank'
            using errcode = '22023', hint = 'Leave it out for tokens that name none.';
    end if;
    if exists (
        select
        from authz_private.token_keys as k
        where k.kid = add_token_key.kid or k.secret = add_token_key.secret
    )
    then
        raise exception 'there is a key of this kid or secret already'
            using errcode = '22023', hint = 'Take another of both; retired keys count too.';
    end if;
    insert into authz_private.token_keys (kid, secret, audience, valid_from)
    values (add_token_key.kid, add_token_key.secret, add_token_key.audience, authz.clock());
end
$$;

comment on function authz.add_token_key(text, bytea, text) is
    'From now on tokens signed with the secret (32 bytes at least, as bytes) verify too. Only '
    'the owner may call it. 22023 for a secret that is short or a kid that is taken.';
revoke all on function authz.add_token_key(text, bytea, text) from public;
