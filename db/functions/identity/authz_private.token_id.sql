-- As text of the JSON, not as a number: 1e3, 1.0 and 007 are ways to mean what another reader of
-- the same token would not.

create or replace function authz_private.token_id(claims json, claim text)
returns bigint
language sql immutable security invoker parallel safe
begin atomic
    select case
        when (token_id.claims ->> token_id.claim) ~ '^[1-9][0-9]{0,17}$'
            then (token_id.claims ->> token_id.claim)::bigint
    end;
end;

comment on function authz_private.token_id(json, text) is
    'The id that a claim holds as a number or a string; null when it is no plain positive integer.';
revoke all on function authz_private.token_id(json, text) from public;
