select o.id
from rival.orders as o
where o.handler_id = any(%(people)s::bigint [])
