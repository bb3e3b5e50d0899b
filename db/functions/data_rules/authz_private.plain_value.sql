-- Text that means the same in every session.

create or replace function authz_private.plain_value(value jsonb, type text)
returns text
language sql stable security invoker parallel safe
begin atomic
    select case plain_value.type
        when 'date' then (plain_value.value #>> '{}')::date::text
        when 'timestamptz' then (plain_value.value #>> '{}')::timestamptz::text
        else plain_value.value #>> '{}'
    end;
end;

comment on function authz_private.plain_value(jsonb, text) is
    'A value of a variable as text; dates and instants as the session writes them, which '
    'authz_private.variable_of() sets to ISO and UTC.';
revoke all on function authz_private.plain_value(jsonb, text) from public;
