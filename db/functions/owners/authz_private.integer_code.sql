-- One text stands for a number: 7 is not 007. Guarded by nested cases, because PostgreSQL may
-- evaluate the sides of an AND in any order.

create or replace function authz_private.integer_code(external_id text)
returns bigint
language sql immutable security invoker parallel safe
begin atomic
    select case
        when integer_code.external_id ~ '^(0|-?[1-9][0-9]{0,18})$'
            then case
                when integer_code.external_id::numeric
                    between -9223372036854775808 and 9223372036854775807
                    then integer_code.external_id::bigint
            end
    end;
end;

comment on function authz_private.integer_code(text) is
    'The integer that an external_id writes in its shortest form; null for any other text.';
revoke all on function authz_private.integer_code(text) from public;
