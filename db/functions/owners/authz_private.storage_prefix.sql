-- So that anyone sees whose a column, key or index is.

create or replace function authz_private.storage_prefix(dataset text, owner_name text)
returns text
language sql immutable security invoker parallel safe
begin atomic
    select 'fundwarden_'::text || storage_prefix.dataset || '_'::text
        || storage_prefix.owner_name || '_'::text;
end;

comment on function authz_private.storage_prefix(text, text) is
    'With what the names of everything begin that stores an owner of a dataset.';
revoke all on function authz_private.storage_prefix(text, text) from public;
