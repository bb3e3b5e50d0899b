-- PostgreSQL writes base64 with line breaks, padding and two characters that tokens may not hold.

create or replace function authz_private.base64url(content bytea)
returns text
language sql immutable security invoker parallel safe
begin atomic
    select translate(encode(base64url.content, 'base64'), E'+/=\n', '-_');
end;

comment on function authz_private.base64url(bytea) is
    'The content in base64url without padding (RFC 7515).';
revoke all on function authz_private.base64url(bytea) from public;
