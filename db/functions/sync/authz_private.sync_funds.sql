-- Funds: what a feed states of them against what there is. None is missing: records stay.

create or replace function authz_private.sync_funds(
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
            authz_private.sync_place('funds', s.file, s.line, s.number) as place,
            s.id as code,
            authz_private.sync_number(s.id) as id,
            nullif(s.handler_external_id, '') as person_code,
            nullif(s.order_id, '') as order_said,
            authz_private.sync_number(s.order_id) as order_id,
            nullif(s.customer_id, '') as customer_said,
            authz_private.sync_number(s.customer_id) as customer_id,
            nullif(s.amount, '') as amount_said,
            case
                when s.amount ~ '^[+-]?\d{1,40}(\.\d{1,20})?$' then s.amount::numeric
            end as amount,
            nullif(s.currency, '') as currency,
            nullif(s.status, '') as status,
            nullif(s.created_at, '') as created_said,
            case when s.created_at <> '' then authz_private.sync_instant(s.created_at) end
                as created_at,
            row_number() over (
                partition by authz_private.sync_number(s.id) order by s.number
            ) as turn
        from sync.funds as s
        where s.loaded_by is not distinct from scope.actor_id
            and s.number > (scope.staged ->> 'funds')::bigint
    ),

    judged as (
        select
            s.*,
            f.id as target_id,
            f.order_id as order_now,
            f.customer_id as customer_now,
            f.amount as amount_now,
            f.currency as currency_now,
            f.status as status_now,
            f.created_at as created_now,
            coalesce(u.external_id, u.username) as person_now,
            f.id is not null
            and s.person_code is not null
            and p.user_id is distinct from f.handle_by as is_moved,
            f.id is not null and s.order_id is not null and s.order_id is distinct from f.order_id
                as is_reordered,
            f.id is not null
            and s.customer_id is not null
            and s.customer_id is distinct from f.customer_id as is_resold,
            f.id is not null and s.amount <> f.amount as is_revalued,
            f.id is not null and s.currency <> f.currency as is_converted,
            f.id is not null and s.status <> f.status as is_advanced,
            f.id is not null and s.created_at <> f.created_at as is_redated,
            case
                when s.id is null
                    then 'column id: is not a whole number of at most 15 digits; correct it'
                when s.turn > 1
                    then format(
                        'column id: %s is in the feed already; remove one of the lines', s.id
                    )
                when f.id is null
                    and num_nonnulls(s.person_code, s.order_said, s.customer_said) = 0
                    then 'column handler_external_id: no handler, order or customer; enter one'
                when s.person_code is not null and p.code is null
                    then format(
                        'column handler_external_id: person %s is not known; correct the code',
                        quote_literal(left(s.person_code, 200))
                    )
                when s.person_code is null
                    and f.id is not null
                    and scope.top_id <> scope.tenant_id
                    and not exists (
                        select
                        from authz.org_units as n
                        where n.id in (f.handler_unit_id, f.order_unit_id, f.customer_unit_id)
                            and n.path operator (ext.<@) scope.top_path
                    )
                    then format(
                        'column id: fund %s does not belong below %s; load the line with another '
                        'scope',
                        s.id, quote_literal(scope.top_code)
                    )
                when not p.in_scope
                    then format(
                        'column handler_external_id: person %s does not belong below %s; load the '
                        'line with another scope',
                        quote_literal(s.person_code), quote_literal(scope.top_code)
                    )
                when s.order_said is not null
                    and o.id is null
                    and (scope.actor_id is null or s.order_id is null)
                    then format(
                        'column order_id: order %s is not known; add it or correct the number',
                        quote_literal(left(s.order_said, 60))
                    )
                when s.customer_said is not null
                    and k.id is null
                    and (scope.actor_id is null or s.customer_id is null)
                    then format(
                        'column customer_id: customer %s is not known; add it or correct the '
                        'number',
                        quote_literal(left(s.customer_said, 60))
                    )
                when s.amount_said is null and f.id is null
                    then 'column amount: is empty; enter an amount such as 12.50'
                when s.amount_said is not null and s.amount is null
                    then format(
                        'column amount: %s is not an amount; write it as 12.50',
                        quote_literal(left(s.amount_said, 60))
                    )
                when s.currency is not null and s.currency !~ '^[A-Z]{3}$'
                    then format(
                        'column currency: %s is not three capital letters; write it as EUR',
                        quote_literal(left(s.currency, 60))
                    )
                when s.status is not null and s.status !~ '^[a-z][a-z0-9_]{0,49}$'
                    then format(
                        'column status: %s is not a plain word; use a to z, 0 to 9 and _',
                        quote_literal(left(s.status, 60))
                    )
                when s.created_said is not null and s.created_at is null
                    then format(
                        'column created_at: %s is not a date; write it as 2026-03-31',
                        quote_literal(left(s.created_said, 60))
                    )
            end as problem
        from staged as s
        -- An administrator only adds: comparing would tell what rules hide from them.
        left join finance.financial_funds as f
            on f.tenant_id = scope.tenant_id and s.id = f.id and scope.actor_id is null
        left join authz.users as u on f.handle_by = u.id
        left join authz_private.sync_people_after(scope) as p on s.person_code = p.code
        left join authz_private.sync_records_after(scope, 'orders') as o
            on s.order_id = o.id and scope.actor_id is null
        left join authz_private.sync_records_after(scope, 'customers') as k
            on s.customer_id = k.id and scope.actor_id is null
    ),

    answered as (
        select
            case
                when j.target_id is null then 'add'
                when j.is_moved then 'move'
                when j.is_reordered or j.is_resold or j.is_revalued or j.is_converted
                    or j.is_advanced or j.is_redated
                    then 'change'
                else 'unchanged'
            end as action,
            j.*
        from judged as j
    )

    select
        'fund',
        a.code,
        a.action,
        case
            when a.action in ('move', 'change')
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'handler_external_id', case when a.is_moved then a.person_now end,
                        'order_id', case when a.is_reordered then a.order_now end,
                        'customer_id', case when a.is_resold then a.customer_now end,
                        'amount', case when a.is_revalued then a.amount_now end,
                        'currency', case when a.is_converted then a.currency_now end,
                        'status', case when a.is_advanced then a.status_now end,
                        'created_at', case when a.is_redated then a.created_now end
                    )
                )
        end,
        case
            when a.action = 'add'
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'handler_external_id', a.person_code,
                        'order_id', a.order_id,
                        'customer_id', a.customer_id,
                        'amount', a.amount,
                        'currency', a.currency,
                        'status', a.status,
                        'created_at', a.created_at
                    )
                )
            when a.action in ('move', 'change')
                then jsonb_strip_nulls(
                    jsonb_build_object(
                        'handler_external_id', case when a.is_moved then a.person_code end,
                        'order_id', case when a.is_reordered then a.order_id end,
                        'customer_id', case when a.is_resold then a.customer_id end,
                        'amount', case when a.is_revalued then a.amount end,
                        'currency', case when a.is_converted then a.currency end,
                        'status', case when a.is_advanced then a.status end,
                        'created_at', case when a.is_redated then a.created_at end
                    )
                )
        end,
        a.place || ', ' || a.problem,
        coalesce(a.target_id, a.id),
        a.place
    from answered as a;
end
$$;

comment on function authz_private.sync_funds(
    authz_private.sync_scope, bigint [], bigint []
) is
    'The plan for funds.';
revoke all on function authz_private.sync_funds(
    authz_private.sync_scope, bigint [], bigint []
) from public;
