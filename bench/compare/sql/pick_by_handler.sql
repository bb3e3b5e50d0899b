insert into picked
select f.id, f.amount
from rival.funds as f
where f.handle_by = any(%(ids)s::bigint [])
on conflict do nothing
