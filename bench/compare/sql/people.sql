select u.id
from rival.units as n
inner join rival.users as u on n.id = u.unit_id
where n.path operator(ext.<@) %(path)s::ext.ltree
