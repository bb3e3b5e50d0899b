-- The grammar of conditions, said once; whoever stores one asks here first.

create or replace function authz_private.condition_problems(node jsonb, json_path text)
returns table (found_at text, problem text)
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    operator text;
    operand jsonb;
    unknown_key text;
    elements int;
begin
    if node is null or jsonb_typeof(node) <> 'object' then
        return query values (json_path, 'must be an object');
        return;
    end if;
    if array_length(string_to_array(json_path, '.'), 1) > 20 then
        return query values (json_path, 'is nested more than 20 deep');
        return;
    end if;

    if node ?| array['all', 'any', 'not'] then
        select k into operator from jsonb_object_keys(node) as k where k in ('all', 'any', 'not');
        select k into unknown_key from jsonb_object_keys(node) as k where k <> operator limit 1;
        if unknown_key is not null then
            return query values (json_path || '.' || unknown_key, format('does not go with %s', operator));
            return;
        end if;
        operand := node -> operator;
        if operator = 'not' then
            return query select * from authz_private.condition_problems(operand, json_path || '.not');
        elsif jsonb_typeof(operand) <> 'array' or jsonb_array_length(operand) = 0 then
            return query values (json_path || '.' || operator, 'must be a list of at least one condition');
        else
            return query
            select p.*
            from jsonb_array_elements(operand) with ordinality as e (part, place)
            cross join lateral authz_private.condition_problems(
                e.part, format('%s.%s[%s]', json_path, operator, e.place - 1)
            ) as p;
        end if;
        return;
    end if;

    select k into unknown_key
    from jsonb_object_keys(node) as k
    where k not in ('field', 'op', 'value', 'zone')
    limit 1;
    if unknown_key is not null then
        return query values (json_path || '.' || unknown_key, 'is not known: all, any, not, field, op, value, zone');
        return;
    end if;
    if jsonb_typeof(node -> 'field') is distinct from 'string'
        or length(node ->> 'field') not between 1 and 63
    then
        return query values (json_path || '.field', 'must be a name of 1 to 63 characters');
    end if;
    operator := node ->> 'op';
    operand := node -> 'value';
    if operator is null or operator not in (
        '=', '<>', '<', '<=', '>', '>=', 'in', 'not_in', 'between', 'prefix', 'is_null',
        'time_between', 'weekday'
    )
    then
        return query values (
            json_path || '.op',
            'must be one of =, <>, <, <=, >, >=, in, not_in, between, prefix, is_null, time_between, weekday'
        );
        return;
    end if;
    if node ? 'zone' and operator not in ('time_between', 'weekday') then
        return query values (json_path || '.zone', format('does not go with %s', operator));
    elsif operator in ('time_between', 'weekday') and not exists (
        select from pg_timezone_names as z where z.name = node ->> 'zone'
    )
    then
        return query values (json_path || '.zone', 'must name a time zone, such as Europe/Berlin');
    end if;

    if operator = 'is_null' then
        if jsonb_typeof(operand) is distinct from 'boolean' then
            return query values (json_path || '.value', 'must be true or false');
        end if;
        return;
    end if;
    if operator in ('in', 'not_in', 'between', 'time_between', 'weekday') then
        if jsonb_typeof(operand) is distinct from 'array' then
            return query values (json_path || '.value', 'must be a list');
            return;
        end if;
        elements := jsonb_array_length(operand);
        if operator in ('between', 'time_between') and elements <> 2 then
            return query values (json_path || '.value', 'must be a list of two');
            return;
        elsif elements = 0 or elements > 1000 then
            return query values (json_path || '.value', 'must be a list of 1 to 1000');
            return;
        end if;
    else
        operand := jsonb_build_array(operand);
    end if;

    return query
    select
        json_path || '.value' || case
            when jsonb_typeof(node -> 'value') = 'array' then format('[%s]', e.place - 1) else ''
        end,
        c.problem
    from jsonb_array_elements(operand) with ordinality as e (part, place)
    cross join lateral (
        select case
            when operator = 'time_between' then
                case
                    when jsonb_typeof(e.part) <> 'string'
                        or e.part #>> '{}' !~ '^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$'
                        then 'must be a time of day, such as "09:00"'
                end
            when operator = 'weekday' then
                case
                    when e.part #>> '{}' !~ '^[1-7]$' or jsonb_typeof(e.part) <> 'number'
                        then 'must be 1 (Monday) to 7 (Sunday)'
                end
            when jsonb_typeof(e.part) = 'object' then
                case
                    when e.part - 'var' <> '{}'
                        or jsonb_typeof(e.part -> 'var') is distinct from 'string'
                        or e.part ->> 'var' !~ '^[A-Za-z_][A-Za-z0-9_]{0,62}$'
                        then 'must be a value or {"var": name}'
                end
            when e.part is null or jsonb_typeof(e.part) in ('array', 'null')
                then 'must be a value or {"var": name}'
            when operator = 'prefix' and jsonb_typeof(e.part) <> 'string' then 'must be a text'
        end as problem
    ) as c
    where c.problem is not null;
end
$$;

comment on function authz_private.condition_problems(jsonb, text) is
    'What is wrong with a condition, each with its place below json_path; no rows mean that '
    'nothing is wrong.';
revoke all on function authz_private.condition_problems(jsonb, text) from public;
