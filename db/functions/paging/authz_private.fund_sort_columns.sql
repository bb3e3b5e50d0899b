-- The one list of sort columns: find_funds numbers them by their place in it.

create or replace function authz_private.fund_sort_columns()
returns text []
language sql immutable security invoker parallel safe
begin atomic
    select array[
        'fund_id', 'amount', 'created_at', 'status', 'handle_by', 'order_id', 'customer_id'
    ];
end;

comment on function authz_private.fund_sort_columns() is
    'Columns by which a page of funds can be sorted, as sort_by names them.';
revoke all on function authz_private.fund_sort_columns() from public;
