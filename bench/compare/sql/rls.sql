select
    count(*) over (),
    f.id, f.handle_by, f.order_id, f.customer_id, f.amount, f.currency, f.status, f.created_at
from rival.funds as f
order by f.amount desc, f.id
limit %(size)s offset %(offset)s
