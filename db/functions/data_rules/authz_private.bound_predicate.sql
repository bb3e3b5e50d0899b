-- A policy is made before it is known who asks, so it reads variables in sub-selects; of a query
-- made for one user they are constants, which the planner can judge an index by.

create or replace function authz_private.bound_predicate(
    predicate text, filter jsonb, user_id bigint
)
returns text
language plpgsql stable security invoker parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    readers text [];
begin
    select
        array_agg(
            case
                when bound_predicate.user_id is not null then format(
                    '%L::%s', authz_private.variable_of(bound_predicate.user_id, n.name), t.type_name
                )
                when v.is_list then format(
                    '(select authz.my_variable(%L)::%s)::%s', n.name, t.type_name, t.type_name
                )
                else format('(select authz.my_variable(%L)::%s)', n.name, t.type_name)
            end
            order by n.place
        )
    into readers
    from unnest(authz_private.filter_variables(bound_predicate.filter))
        with ordinality as n (name, place)
    cross join authz_private.variable_type(n.name) as v
    cross join lateral (
        select v.type || case when v.is_list then ' []' else '' end as type_name
    ) as t;
    return format(bound_predicate.predicate, variadic readers);
end
$$;

comment on function authz_private.bound_predicate(text, jsonb, bigint) is
    'The predicate of a rule with its variables filled in: those of the user as constants; for a '
    'null user_id sub-selects that read those of whoever is signed in.';
revoke all on function authz_private.bound_predicate(text, jsonb, bigint) from public;
