select f.id, f.handle_by, f.order_id, f.customer_id, f.amount, f.currency, f.status, f.created_at
from rival.funds as f
where f.id = any(%(ids)s::bigint [])
order by f.amount desc, f.id
