-- For the compiler of pages: names of columns and tables may hold quotes and percent signs.

create or replace function authz_private.inside_format(text text)
returns text
language sql immutable security invoker parallel safe
begin atomic
    select replace(replace(inside_format.text, '''', ''''''), '%', '%%');
end;

comment on function authz_private.inside_format(text) is
    'SQL as a part of a quoted text that format() fills.';
revoke all on function authz_private.inside_format(text) from public;
