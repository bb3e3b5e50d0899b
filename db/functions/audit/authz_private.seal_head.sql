-- What is kept outside the database, where its owner cannot change it.

create or replace function authz_private.seal_head(seal audit.seals)
returns text
language sql immutable security invoker parallel safe
begin atomic
    select (seal_head.seal).number::text
        || ':' || (seal_head.seal).total_rows::text
        || ':' || encode((seal_head.seal).hash, 'hex');
end;

comment on function authz_private.seal_head(audit.seals) is
    'number:rows:hash of a seal, as audit.verify(head) takes it; rows are counted from the first.';
revoke all on function authz_private.seal_head(audit.seals) from public;
