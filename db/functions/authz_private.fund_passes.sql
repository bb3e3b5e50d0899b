-- The authorised set as disjoint passes, one per owner, each index-only and each leaving out what
-- an earlier one has: no hash of keys, no sort, and a fund reached three ways is met once.

create or replace function authz_private.fund_passes(has_units boolean, has_own boolean)
returns text []
language sql immutable security invoker parallel safe
begin atomic
    select
        case when has_units then array[
            'f.handler_unit_id = any($2)',
            'f.order_unit_id = any($2) and (f.handler_unit_id = any($2)) is not true',
            'f.customer_unit_id = any($2) and (f.handler_unit_id = any($2)) is not true '
            'and (f.order_unit_id = any($2)) is not true'
        ] else '{}' end
        || case when has_own then array[
            'f.tenant_id = $1 and f.handle_by = $3' || n.no_unit,
            'f.tenant_id = $1 and f.order_id = any($4) and f.handle_by is distinct from $3'
            || n.no_unit,
            'f.tenant_id = $1 and f.customer_id = any($5) and f.handle_by is distinct from $3 '
            'and (f.order_id = any($4)) is not true' || n.no_unit
        ] else '{}' end
    from (
        select
            case when has_units then
                ' and (f.handler_unit_id = any($2)) is not true '
                'and (f.order_unit_id = any($2)) is not true '
                'and (f.customer_unit_id = any($2)) is not true'
            else '' end as no_unit
    ) as n;
end;

comment on function authz_private.fund_passes(boolean, boolean) is
    'Conditions on finance.financial_funds f, mutually exclusive, that together are the scope: '
    '$1 tenant_id, $2 unit ids, $3 user id, $4 ids of own orders, $5 ids of own customers.';
revoke all on function authz_private.fund_passes(boolean, boolean) from public;
