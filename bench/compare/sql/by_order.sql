select f.id, f.amount
from rival.units as n
inner join rival.users as u on n.id = u.unit_id
inner join rival.orders as o on u.id = o.handler_id
inner join rival.funds as f on o.id = f.order_id
where n.path operator(ext.<@) %(path)s::ext.ltree
