-- Texts by their bytes, so that no collation and no server decides who may do what.

create or replace function authz_private.compare_values(one jsonb, other jsonb)
returns int
language sql immutable security invoker parallel safe
begin atomic
    select case
        when jsonb_typeof(compare_values.one) <> jsonb_typeof(compare_values.other) then null
        when jsonb_typeof(compare_values.one) = 'number' then
            sign(
                (compare_values.one #>> '{}')::numeric - (compare_values.other #>> '{}')::numeric
            )::int
        when jsonb_typeof(compare_values.one) = 'string' then
            case
                when (compare_values.one #>> '{}') collate "C" < (compare_values.other #>> '{}')
                    then -1
                when (compare_values.one #>> '{}') collate "C" > (compare_values.other #>> '{}')
                    then 1
                else 0
            end
        when jsonb_typeof(compare_values.one) = 'boolean' then
            (compare_values.one)::boolean::int - (compare_values.other)::boolean::int
    end;
end;

comment on function authz_private.compare_values(jsonb, jsonb) is
    '-1, 0 or 1 for two numbers, texts or booleans; null for values of different types.';
revoke all on function authz_private.compare_values(jsonb, jsonb) from public;
