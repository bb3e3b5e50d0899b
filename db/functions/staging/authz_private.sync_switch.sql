-- The spellings of a boolean that files use.

create or replace function authz_private.sync_switch(said text)
returns boolean
language sql immutable security invoker parallel safe
begin atomic
    select case
        when lower(btrim(sync_switch.said)) in ('true', 't', 'yes', 'y', '1', 'on') then true
        when lower(btrim(sync_switch.said)) in ('false', 'f', 'no', 'n', '0', 'off') then false
    end;
end;

comment on function authz_private.sync_switch(text) is
    'The boolean that a text means; null for any other text.';
revoke all on function authz_private.sync_switch(text) from public;
