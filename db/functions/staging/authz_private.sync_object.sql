-- Asked only of lines that hold an object.

create or replace function authz_private.sync_object(said text)
returns jsonb
language plpgsql stable security invoker parallel safe
as $$
declare
    meant jsonb;
begin
    meant := said::jsonb;
    return case when jsonb_typeof(meant) = 'object' then meant end;
exception
    when data_exception or statement_too_complex or program_limit_exceeded then
        return null;
end
$$;

comment on function authz_private.sync_object(text) is
    'The JSON object that a text means; null for any other text.';
revoke all on function authz_private.sync_object(text) from public;
