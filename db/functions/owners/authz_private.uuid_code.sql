-- One text stands for a uuid: the form in which PostgreSQL writes it.

create or replace function authz_private.uuid_code(external_id text)
returns uuid
language sql immutable security invoker parallel safe
begin atomic
    select case
        when uuid_code.external_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
            then uuid_code.external_id::uuid
    end;
end;

comment on function authz_private.uuid_code(text) is
    'The uuid that an external_id writes in lower case with hyphens; null for any other text.';
revoke all on function authz_private.uuid_code(text) from public;
