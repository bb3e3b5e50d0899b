-- Functions of a dataset are known by name, so that they are found when its owners no longer fit.

create or replace function authz_private.function_suffixes()
returns text []
language sql immutable security invoker parallel safe
begin atomic
    select array['', '_count', '_explain', '_export', '_page', '_find'];
end;

comment on function authz_private.function_suffixes() is
    'What follows the name of a dataset in the names of its functions in schema paged.';
revoke all on function authz_private.function_suffixes() from public;
