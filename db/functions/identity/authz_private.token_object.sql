-- Malformed is null, not an error: what the parsers say would tell a forger how far they got.

create or replace function authz_private.token_object(encoded text)
returns json
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    object json;
begin
    object := convert_from(authz_private.bytes_of_base64url(encoded), 'UTF8')::json;
    -- jsonb is the stricter: what it takes can be read field by field without an error.
    if jsonb_typeof(object::jsonb) is distinct from 'object' then
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
