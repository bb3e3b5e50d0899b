-- For whoever writes a condition, before storing it.

create or replace function authz.condition_problems(conditions jsonb)
returns table (found_at text, problem text)
language sql stable security definer parallel safe
set search_path = pg_catalog, ext, pg_temp
begin atomic
    select
        p.found_at,
        p.problem
    from authz_private.condition_problems(condition_problems.conditions, '$') as p
    where condition_problems.conditions is not null;
end;

comment on function authz.condition_problems(jsonb) is
    'What is wrong with conditions of a permission, each with its JSON path; no rows mean that '
    'nothing is wrong. A condition is {"all": [...]}, {"any": [...]}, {"not": ...} or {"field": '
    'name, "op": operator, "value": ...}. Operators: = <> < <= > >= in not_in between (both ends '
    'included) prefix is_null time_between (the end not included; past midnight when it is '
    'before the start) weekday (1 is Monday), the last two with "zone". A value is a text, '
    'number, boolean or {"var": name}. Fields and names are looked up in the context of the '
    'check, and in now, user_id, username, tenant_id and base_unit_id of the database. What is '
    'not there is unknown.';
revoke all on function authz.condition_problems(jsonb) from public;
grant execute on function authz.condition_problems(jsonb)
to fundwarden_app, fundwarden_operator;
