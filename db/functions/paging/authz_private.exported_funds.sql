-- STABLE: scopes, rules, masks and rows are of one snapshot. What may be exported must be readable,
-- too: two scopes, met by key.

create or replace function authz_private.exported_funds(
    user_id bigint,
    min_amount numeric,
    max_amount numeric,
    status text,
    created_from timestamptz,
    created_to timestamptz
)
returns table (
    fund_id bigint,
    handle_by bigint,
    order_id bigint,
    customer_id bigint,
    amount numeric,
    currency text,
    fund_status text,
    created_at timestamptz
)
language plpgsql stable security invoker parallel restricted
as $$
#variable_conflict use_variable
declare
    masks constant jsonb := coalesce(
        authz_private.fund_masks(
            user_id, null, min_amount, max_amount, status, created_from, created_to
        ),
        '{}'
    );
    rules constant text := authz_private.page_rules(user_id, 'finance.financial_funds');
    readable record;
    exportable record;
begin
    select *
    into readable
    from authz_private.find_funds(
        user_id, 'read', 0, 2147483647, 'id', false, rules, null, null, 'exact',
        min_amount, max_amount, status, created_from, created_to
    );
    select *
    into exportable
    from authz_private.find_funds(
        user_id, 'export', 0, 2147483647, 'id', false, rules, null, null, 'exact',
        min_amount, max_amount, status, created_from, created_to
    );
    return query execute format(
        'select %s from unnest($1, $2) as r (of_fund, of_tenant) '
        'inner join unnest($3, $4) as e (of_fund, of_tenant) using (of_tenant, of_fund) '
        'inner join finance.financial_funds as f on of_tenant = f.tenant_id and of_fund = f.id '
        'order by f.id, f.tenant_id',
        authz_private.fund_columns(masks)
    )
    using readable.key_1, readable.key_2, exportable.key_1, exportable.key_2;
end
$$;

comment on function authz_private.exported_funds(
    bigint, numeric, numeric, text, timestamptz, timestamptz
) is
    'Funds the user may both read and export, under the filters, with columns as the user sees '
    'them, by id.';
revoke all on function authz_private.exported_funds(
    bigint, numeric, numeric, text, timestamptz, timestamptz
) from public;
