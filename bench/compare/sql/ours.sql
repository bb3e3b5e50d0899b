select
    p.total_count,
    p.fund_id, p.handle_by, p.order_id, p.customer_id, p.amount, p.currency, p.status, p.created_at
from finance.page_authorized_funds(
    %(user)s::bigint, %(page)s::int, %(size)s::int, 'amount', 'DESC'
) as p
