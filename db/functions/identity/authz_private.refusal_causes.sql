-- A sequence of authz_private, refused_<cause>, counts each.

create or replace function authz_private.refusal_causes()
returns text []
language sql immutable security invoker parallel safe
begin atomic
    select array[
        'malformed', 'algorithm', 'issuer', 'key', 'signature', 'time', 'audience', 'tenant', 'user'
    ];
end;

comment on function authz_private.refusal_causes() is
    'Why authz.sign_in() refuses a token, in the order in which it is decided.';
revoke all on function authz_private.refusal_causes() from public;
