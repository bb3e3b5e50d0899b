-- The numbers of records leave room for those that the database gives out itself.

create or replace function authz_private.sync_number(said text)
returns bigint
language sql immutable security invoker parallel safe
begin atomic
    select case
        when sync_number.said ~ '^\d{1,15}$' then nullif(sync_number.said::bigint, 0)
    end;
end;

comment on function authz_private.sync_number(text) is
    'The number of a record that a text means, from 1 up to 15 digits; null for any other text.';
revoke all on function authz_private.sync_number(text) from public;
