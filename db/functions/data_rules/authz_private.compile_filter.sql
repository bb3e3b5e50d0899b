-- The condition language as SQL over the columns of a table. Nothing an administrator wrote is in
-- it but names found in the catalog and literals. Three-valued as authz_private.condition_holds.

create or replace function authz_private.compile_filter(
    table_name regclass, node jsonb, place text, variables text []
)
returns text
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    operator constant text := node ->> 'op';
    parts text [];
    word text;
    col record;
    var record;
    column_text text;
    operands jsonb;
    written text [] := '{}';
    plain text [] := '{}';
    operand jsonb;
    at_place text;
    result text;
begin
    if node ? 'all' or node ? 'any' then
        word := case when node ? 'all' then 'all' else 'any' end;
        parts := array(
            select authz_private.compile_filter(
                compile_filter.table_name, e.part, format('%s.%s[%s]', place, word, e.n - 1),
                variables
            )
            from jsonb_array_elements(node -> word) with ordinality as e (part, n)
            order by e.n
        );
        return '(' || array_to_string(parts, case word when 'all' then ' and ' else ' or ' end) || ')';
    elsif node ? 'not' then
        return '(not '
            || authz_private.compile_filter(
                compile_filter.table_name, node -> 'not', place || '.not', variables
            )
            || ')';
    end if;

    select c.* into col
    from authz_private.dataset_columns(compile_filter.table_name) as c
    where c.column_name = node ->> 'field';
    if not found then
        raise exception '%.field: % is no column of the dataset', place, quote_literal(node ->> 'field')
            using errcode = '22023', hint = 'Name a column of the table, as it is written there.';
    end if;
    column_text := replace(quote_ident(col.column_name), '%', '%%');
    if operator = 'is_null' then
        return format(
            '(%s is %s)', column_text, case (node -> 'value')::boolean when true then 'null' else 'not null' end
        );
    end if;
    if col.family is null then
        raise exception '%.field: columns of type % are compared by is_null alone', place, col.plain_type
            using errcode = '22023', hint = 'Choose a column with texts, numbers, dates, booleans or uuids.';
    end if;
    if operator = 'prefix' and col.family <> 'text'
        or operator in ('<', '<=', '>', '>=', 'between') and col.family = 'boolean'
        or operator in ('time_between', 'weekday') and col.family <> 'timestamptz'
    then
        raise exception '%.op: % does not go with a column of type %', place, operator, col.plain_type
            using errcode = '22023', hint = 'Choose another operator or column.';
    end if;
    if operator in ('time_between', 'weekday') then
        column_text := format('(%I at time zone %L)', col.column_name, node ->> 'zone');
        operands := node -> 'value';
        if operator = 'weekday' then
            result := format(
                '(extract(isodow from %s)::int = any(%L::int []))',
                column_text,
                array(select (e.v #>> '{}')::int from jsonb_array_elements(operands) as e (v))::text
            );
        else
            result := format(
                case
                    when (operands ->> 0)::time <= (operands ->> 1)::time
                        then '(%1$s::time >= %2$L::time and %1$s::time < %3$L::time)'
                    else '(%1$s::time >= %2$L::time or %1$s::time < %3$L::time)'
                end,
                column_text, operands ->> 0, operands ->> 1
            );
        end if;
        return replace(result, '%', '%%');
    end if;

    operands := node -> 'value';
    if jsonb_typeof(operands) <> 'array' then
        operands := jsonb_build_array(operands);
    end if;
    for i in 0 .. jsonb_array_length(operands) - 1
    loop
        operand := operands -> i;
        at_place := place || '.value' || case
            when jsonb_typeof(node -> 'value') = 'array' then format('[%s]', i) else ''
        end;
        if jsonb_typeof(operand) <> 'object' then
            plain := plain || replace(
                authz_private.typed_literal(operand, col.family, col.plain_type, at_place), '%', '%%'
            );
            written := written || plain[cardinality(plain)];
            continue;
        end if;
        select v.* into var from authz_private.variable_type(operand ->> 'var') as v;
        if var.type is null then
            raise exception '%: there is no variable %', at_place, quote_literal(operand ->> 'var')
                using errcode = '22023', hint = 'Write it into authz.variables first.';
        elsif var.family <> col.family then
            raise exception '%: variable % is of type %, the column of type %',
                at_place, operand ->> 'var', var.type, col.plain_type
                using errcode = '22023', hint = 'Compare a column with a variable of its type.';
        elsif var.is_list and operator not in ('in', 'not_in') then
            raise exception '%: variable % is a list', at_place, operand ->> 'var'
                using errcode = '22023', hint = 'Lists go with in and not_in.';
        end if;
        written := written || format(
            case when var.is_list then 'any(%%%s$s)' else '%%%s$s' end,
            array_position(variables, operand ->> 'var')
        );
    end loop;

    if operator in ('in', 'not_in') then
        if cardinality(plain) = cardinality(written) then
            result := format('%s = any(array[%s])', column_text, array_to_string(plain, ', '));
        else
            result := array_to_string(
                array(select column_text || ' = ' || w from unnest(written) as w), ' or '
            );
        end if;
        return case operator when 'in' then '(' || result || ')' else '(not (' || result || '))' end;
    elsif operator = 'between' then
        return format('(%s between %s and %s)', column_text, written[1], written[2]);
    elsif operator = 'prefix' then
        return format('starts_with(%s::text, %s::text)', column_text, written[1]);
    end if;
    return format('(%s %s %s)', column_text, operator, written[1]);
end
$$;

comment on function authz_private.compile_filter(regclass, jsonb, text, text []) is
    'A valid condition as an SQL predicate over the columns of the table: a template for '
    'authz_private.bound_predicate(), with a place for each of the variables. 22023, naming the '
    'JSON path, for a column, type or variable that does not fit.';
revoke all on function authz_private.compile_filter(regclass, jsonb, text, text []) from public;
