-- No text of an administrator becomes SQL but through here: a value, cast to the type of its
-- column, quoted. As it is read in UTC and written by ISO: what a session is set to must not decide
-- who sees which row.

create or replace function authz_private.typed_literal(
    value jsonb, family text, plain_type text, place text
)
returns text
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set extra_float_digits = 1
as $$
declare
    wanted constant text := case typed_literal.family
        when 'number' then 'number' when 'boolean' then 'boolean' else 'string'
    end;
    written text;
begin
    if jsonb_typeof(typed_literal.value) is distinct from wanted then
        raise exception '% must be a % for a column of type %',
            place, case wanted when 'string' then 'text' else wanted end, plain_type
            using errcode = '22023', hint = 'Write the value as JSON of that kind.';
    end if;
    if typed_literal.family in ('date', 'timestamp', 'timestamptz')
        and typed_literal.value #>> '{}' ~* '(now|today|tomorrow|yesterday)'
    then
        raise exception '% is not the same tomorrow', place
            using errcode = '22023', hint = 'Write a date, or compare with {"var": "now"}.';
    end if;
    begin
        execute format('select %L::%s::text', typed_literal.value #>> '{}', plain_type) into written;
    exception
        when data_exception then
            raise exception '% is not a value of type %', place, plain_type
                using errcode = '22023', hint = 'Write it as the column holds it.';
    end;
    return format('%L::%s', written, plain_type);
end
$$;

comment on function authz_private.typed_literal(jsonb, text, text, text) is
    'The value as an SQL literal of the type, the same in every session: dates by ISO, instants '
    'without a zone in UTC. 22023, naming the place, when it is none.';
revoke all on function authz_private.typed_literal(jsonb, text, text, text) from public;
