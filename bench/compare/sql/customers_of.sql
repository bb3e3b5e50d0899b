select c.id
from rival.customers as c
where c.manager_id = any(%(people)s::bigint [])
