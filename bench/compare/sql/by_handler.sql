select f.id, f.amount
from rival.units as n
inner join rival.users as u on n.id = u.unit_id
inner join rival.funds as f on u.id = f.handle_by
where n.path operator(ext.<@) %(path)s::ext.ltree
