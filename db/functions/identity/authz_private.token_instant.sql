-- Twelve digits reach beyond the year 30000: more is a way to an overflow, not a date.

create or replace function authz_private.token_instant(claims json, claim text)
returns numeric
language sql immutable security invoker parallel safe
begin atomic
    select case
        when json_typeof(token_instant.claims -> token_instant.claim) = 'number'
            and (token_instant.claims ->> token_instant.claim)
            ~ '^(0|[1-9][0-9]{0,11})([.][0-9]{1,9})?$'
            then (token_instant.claims ->> token_instant.claim)::numeric
    end;
end;

comment on function authz_private.token_instant(json, text) is
    'Seconds since 1970 that a claim holds; null when it is no plain number, fractions allowed.';
revoke all on function authz_private.token_instant(json, text) from public;
