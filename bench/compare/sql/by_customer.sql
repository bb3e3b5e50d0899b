select f.id, f.amount
from rival.units as n
inner join rival.users as u on n.id = u.unit_id
inner join rival.customers as c on u.id = c.manager_id
inner join rival.funds as f on c.id = f.customer_id
where n.path operator(ext.<@) %(path)s::ext.ltree
