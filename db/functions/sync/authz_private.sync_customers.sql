-- Customers: what a feed states of them against what there is. None is missing: records stay.

create or replace function authz_private.sync_customers(
    scope authz_private.sync_scope, differing bigint [], unlisted bigint []
)
returns setof authz_private.sync_change
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set jit = off
set enable_nestloop = off
set enable_mergejoin = off
set work_mem = '128MB'
as $$
#variable_conflict use_column
begin
    return query
    with staged as materialized (
        select
            authz_private.sync_place('customers', s.file, s.line, s.number) as place,
            s.id as code,
            authz_private.sync_number(s.id) as id,
            nullif(s.name, '') as name,
            nullif(s.manager_external_id, '') as person_code,
            nullif(s.created_at, '') as created_said,
            case when s.created_at <> '' then authz_private.sync_instant(s.created_at) end
                as created_at,
            row_number() over (
                partition by authz_private.sync_number(s.id) order by s.number
            ) as turn
        from sync.customers as s
        where s.loaded_by is not distinct from scope.actor_id
            and s.number > (scope.staged ->> 'customers')::bigint
    ),

    judged as (
        select
            s.*,
            c.id as target_id,
            c.name as name_now,
            c.created_at as created_now,
            coalesce(u.external_id, u.username) as person_now,
            c.id is not null and s.name <> c.name as is_renamed,
            c.id is not null
            and s.person_code is not null
            and p.user_id is distinct from c.manager_id as is_moved,
            c.id is not null and s.created_at <> c.created_at as is_redated,
            case
                when s.id is null
                    then 'column id: is not a whole number of at most 15 digits; correct it'
                when s.turn > 1
                    then format(
                        'column id: %s is in the feed already; remove one of the lines', s.id
                    )
                when s.person_code is null and c.id is null
                    then 'column manager_external_id: is empty; enter the manager'
                when s.person_code is not null and p.code is null
                    then format(
                        'column manager_external_id: person %s is not known; correct the code',
                        quote_literal(left(s.person_code, 200))
                    )
                when s.person_code is null
                    and c.id is not null
                    and scope.top_id <> scope.tenant_id
                    and not exists (
                        select
                        from authz.org_units as n
                        where n.id = c.manager_unit_id
                            and n.path operator (ext.<@) scope.top_path
                    )
                    then format(
                        'column id: customer %s does not belong below %s; load the line with another '
                        'scope',
                        s.id, quote_literal(scope.top_code)
                    )
                when not p.in_scope
                    then format(
                        'column manager_external_id: person %s does not belong below %s; load the '
                        'line with another scope',
                        quote_literal(s.person_code), quote_literal(scope.top_code)
                    )
                when s.created_said is not null and s.created_at is null
                    then format(
                        'column created_at: %s is not a date; write it as 2026-03-31',
                        quote_literal(left(s.created_said, 60))
                    )
            end as problem
        from staged as s
        -- An administrator only adds: comparing would tell what rules hide from them.
        left join finance.customers as c
            on c.tenant_id = scope.tenant_id and s.id = c.id and scope.actor_id is null
        left join authz.users as u on c.manager_id = u.id
        left join authz_private.sync_people_after(scope) as p on s.person_code = p.code
    )

    select
        'customer',
        j.code,
        case
            when j.target_id is null then 'add'
            when j.is_moved then 'move'
            when j.is_renamed then 'rename'
            when j.is_redated then 'change'
            else 'unchanged'
        end,
        case
            when j.is_moved or j.is_renamed or j.is_redated
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'name', case when j.is_renamed then j.name_now end,
                        'manager_external_id', case when j.is_moved then j.person_now end,
                        'created_at', case when j.is_redated then j.created_now end
                    )
                )
        end,
        case
            when j.target_id is null
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'name', j.name,
                        'manager_external_id', j.person_code,
                        'created_at', j.created_at
                    )
                )
            when j.is_moved or j.is_renamed or j.is_redated
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'name', case when j.is_renamed then j.name end,
                        'manager_external_id', case when j.is_moved then j.person_code end,
                        'created_at', case when j.is_redated then j.created_at end
                    )
                )
        end,
        j.place || ', ' || j.problem,
        coalesce(j.target_id, j.id),
        j.place
    from judged as j;
end
$$;

comment on function authz_private.sync_customers(
    authz_private.sync_scope, bigint [], bigint []
) is
    'The plan for customers.';
revoke all on function authz_private.sync_customers(
    authz_private.sync_scope, bigint [], bigint []
) from public;
