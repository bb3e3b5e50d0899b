-- Once each, sorted: the places of the template that a filter is compiled to.

create or replace function authz_private.filter_variables(filter jsonb)
returns text []
language sql immutable security invoker parallel safe
begin atomic
    select array(
        select distinct v.name #>> '{}' as name
        from jsonb_path_query(filter_variables.filter, '$.**.var') as v (name)
        order by name
    );
end;

comment on function authz_private.filter_variables(jsonb) is
    'Variables a filter or condition asks for, in the order in which its predicate numbers them.';
revoke all on function authz_private.filter_variables(jsonb) from public;
