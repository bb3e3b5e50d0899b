-- For logins that are trusted with nothing: the token is the proof.

create or replace function authz.sign_in(token text)
returns bigint
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    signed_in bigint;
    cause text;
    is_elsewhere boolean;
begin
    select t.user_id, t.cause, t.is_elsewhere
    into signed_in, cause, is_elsewhere
    from authz_private.token_user(sign_in.token) as t;
    if cause is not null then
        perform authz_private.count_refusal(cause);
    end if;
    if is_elsewhere then
        raise exception 'this cell does not hold the tenant of the token'
            using
                errcode = 'FW101',
                hint = 'The token is good: connect to the database named after its tenant.';
    end if;
    if signed_in is null then
        raise exception 'identity refused'
            using errcode = '28000', hint = 'Sign in with a token that is valid now.';
    end if;
    perform authz_private.set_identity(signed_in, signed_in);
    perform authz_private.note_sign_in(signed_in);
    return signed_in;
end
$$;

comment on function authz.sign_in(text) is
    'Acts for the user whom a JSON web token names until the end of the transaction, and returns '
    'their id: RS256 of a provider in authz.identity_providers, or HS256 of a shared secret (sub, '
    'exp, optional nbf, iat, tid, kid). 28000 with one text for every cause. FW101 where the '
    'installation is a cell and a good token names a tenant that it does not hold.';
revoke all on function authz.sign_in(text) from public;
grant execute on function authz.sign_in(text) to fundwarden_app, fundwarden_operator;
