insert into picked
select f.id, f.amount
from rival.funds as f
where f.customer_id = any(%(ids)s::bigint [])
on conflict do nothing
