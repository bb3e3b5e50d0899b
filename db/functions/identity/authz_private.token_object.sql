-- Malformed is null, not an error: what the parsers say would tell a forger how far they got.

create or replace function authz_private.token_object(encoded text)
returns json
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    content bytea;
    object json;
begin
    content := decode(
        translate(encoded, '-_', '+/') || repeat('=', (4 - length(encoded) % 4) % 4), 'base64'
    );
    -- Else one content would have several spellings.
    if authz_private.base64url(content) is distinct from encoded then
        return null;
    end if;
    object := convert_from(content, 'UTF8')::json;
    -- jsonb is the stricter: what it takes can be read field by field without an error.
    if jsonb_typeof(object::jsonb) <> 'object' then
        return null;
    end if;
    -- Of two equal names, another reader might believe the other.
    if exists (select from json_object_keys(object) as k (name) group by k.name having count(*) > 1)
    then
        return null;
    end if;
    return object;
exception
    when data_exception or statement_too_complex
    then
        return null;
end
$$;

comment on function authz_private.token_object(text) is
    'The JSON object that a part of a token holds; null when it is malformed in any way, or names '
    'a field twice.';
revoke all on function authz_private.token_object(text) from public;
