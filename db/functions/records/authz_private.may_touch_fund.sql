-- Also for a row that is about to be: reading too, because nobody writes what they could not see.

create or replace function authz_private.may_touch_fund(
    me bigint, action text, fund finance.financial_funds
)
returns boolean
language plpgsql stable security invoker parallel safe
as $$
declare
    owner_ids constant bigint [] := array[
        fund.handle_by,
        (
            select o.handler_id
            from finance.orders as o
            where o.tenant_id = fund.tenant_id and o.id = fund.order_id
        ),
        (
            select c.manager_id
            from finance.customers as c
            where c.tenant_id = fund.tenant_id and c.id = fund.customer_id
        )
    ];
    unit_ids constant int [] := array[
        fund.handler_unit_id, fund.order_unit_id, fund.customer_unit_id
    ];
    context constant jsonb := jsonb_build_object(
        'amount', fund.amount, 'currency', fund.currency, 'status', fund.status,
        'created_at', fund.created_at
    );
begin
    return authz_private.may_touch(me, 'funds', 'read', owner_ids, unit_ids, context)
        and authz_private.may_touch(
            me, 'funds', may_touch_fund.action, owner_ids, unit_ids, context
        )
        and authz_private.row_is_permitted(me, fund);
end
$$;

comment on function authz_private.may_touch_fund(bigint, text, finance.financial_funds) is
    'Whether the user may both read the fund and do the action to it: by any of its owners, with '
    'amount, currency, status and created_at as the context of conditions, and as its row '
    'permissions allow.';
revoke all on function authz_private.may_touch_fund(bigint, text, finance.financial_funds)
from public;
