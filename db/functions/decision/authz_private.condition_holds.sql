-- Three-valued: what cannot be told is null, and the decision takes the safe side of it.

create or replace function authz_private.condition_holds(node jsonb, facts jsonb)
returns boolean
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    part jsonb;
    verdict boolean;
    is_unknown boolean := false;
    operator text := node ->> 'op';
    fact jsonb;
    operand jsonb := node -> 'value';
    operands jsonb [];
    local_time timestamp;
    clock time;
    opens time;
    closes time;
begin
    if node ? 'all' or node ? 'any' then
        for part in select e from jsonb_array_elements(coalesce(node -> 'all', node -> 'any')) as e loop
            verdict := authz_private.condition_holds(part, facts);
            if verdict is null then
                is_unknown := true;
            elsif verdict = (node ? 'any') then
                return verdict;
            end if;
        end loop;
        return case when is_unknown then null else node ? 'all' end;
    elsif node ? 'not' then
        return not authz_private.condition_holds(node -> 'not', facts);
    end if;

    fact := nullif(facts -> (node ->> 'field'), 'null');
    if operator = 'is_null' then
        return (fact is null) = operand::boolean;
    elsif fact is null or jsonb_typeof(fact) in ('object', 'array') then
        return null;
    end if;

    if operator in ('time_between', 'weekday') then
        if jsonb_typeof(fact) <> 'string' or not (
            fact #>> '{}' ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)$'
        )
        then
            return null;
        end if;
        begin
            local_time := (fact #>> '{}')::timestamptz at time zone (node ->> 'zone');
        exception
            -- A thirteenth month is no instant.
            when data_exception then
                return null;
        end;
        if operator = 'weekday' then
            return operand @> to_jsonb(extract(isodow from local_time)::int);
        end if;
        clock := local_time::time;
        opens := (operand ->> 0)::time;
        closes := (operand ->> 1)::time;
        return case
            when opens <= closes then clock >= opens and clock < closes
            else clock >= opens or clock < closes
        end;
    end if;

    select array_agg(
        case when jsonb_typeof(e.v) = 'object' then nullif(facts -> (e.v ->> 'var'), 'null') else e.v end
        order by e.place
    )
    into operands
    from jsonb_array_elements(
        case when jsonb_typeof(operand) = 'array' then operand else jsonb_build_array(operand) end
    ) with ordinality as e (v, place);

    if operator in ('in', 'not_in') then
        -- A value that is not known, or of another type, may be the one.
        verdict := case
            when exists (
                select from unnest(operands) as o (v) where authz_private.compare_values(fact, o.v) = 0
            )
                then true
            when not exists (
                select
                from unnest(operands) as o (v)
                where authz_private.compare_values(fact, o.v) is null
            )
                then false
        end;
        return case operator when 'in' then verdict else not verdict end;
    elsif operator = 'between' then
        return authz_private.compare_values(fact, operands[1]) >= 0
            and authz_private.compare_values(fact, operands[2]) <= 0;
    elsif operator = 'prefix' then
        return case
            when jsonb_typeof(fact) = 'string' and jsonb_typeof(operands[1]) = 'string'
                then starts_with(fact #>> '{}', operands[1] #>> '{}')
        end;
    end if;
    return case operator
        when '=' then authz_private.compare_values(fact, operands[1]) = 0
        when '<>' then authz_private.compare_values(fact, operands[1]) <> 0
        when '<' then authz_private.compare_values(fact, operands[1]) < 0
        when '<=' then authz_private.compare_values(fact, operands[1]) <= 0
        when '>' then authz_private.compare_values(fact, operands[1]) > 0
        when '>=' then authz_private.compare_values(fact, operands[1]) >= 0
    end;
end
$$;

comment on function authz_private.condition_holds(jsonb, jsonb) is
    'Whether a valid condition holds of the facts; null when a field or variable it needs is not '
    'there, is null, or is of another type.';
revoke all on function authz_private.condition_holds(jsonb, jsonb) from public;
