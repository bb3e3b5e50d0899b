-- The decoder of PostgreSQL skips line breaks and ignores spare bits: two spellings of one content.

create or replace function authz_private.bytes_of_base64url(encoded text)
returns bytea
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    content bytea;
begin
    content := decode(
        translate(encoded, '-_', '+/') || repeat('=', (4 - length(encoded) % 4) % 4), 'base64'
    );
    if authz_private.base64url(content) is distinct from encoded then
        return null;
    end if;
    return content;
exception
    when data_exception
    then
        return null;
end
$$;

comment on function authz_private.bytes_of_base64url(text) is
    'The bytes that base64url without padding spells; null when it is not their one spelling.';
revoke all on function authz_private.bytes_of_base64url(text) from public;
