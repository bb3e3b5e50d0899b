-- What is stored can be cast when a rule reads it.

create or replace function authz_private.check_variable_value(
    value jsonb, type text, is_list boolean, parameter text
)
returns void
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if not check_variable_value.is_list then
        perform authz_private.typed_literal(
            check_variable_value.value,
            case when type in ('bigint', 'numeric') then 'number' else type end,
            type, parameter
        );
        return;
    end if;
    if jsonb_typeof(check_variable_value.value) is distinct from 'array' then
        raise exception '% must be a list', parameter
            using errcode = '22023', hint = 'The variable is one: pass a JSON array.';
    end if;
    perform authz_private.typed_literal(
        e.v,
        case when type in ('bigint', 'numeric') then 'number' else type end,
        type, format('%s[%s]', parameter, e.place - 1)
    )
    from jsonb_array_elements(check_variable_value.value) with ordinality as e (v, place);
end
$$;

comment on function authz_private.check_variable_value(jsonb, text, boolean, text) is
    'Refuses a value that is not of the type of its variable: 22023.';
revoke all on function authz_private.check_variable_value(jsonb, text, boolean, text) from public;
