-- Every supervisor with every fund they may see, computed beforehand.
create materialized view rival.user_funds as
with supervised as materialized (
    select distinct s.user_id, n.path
    from authz.supervisors as s
    inner join authz.org_units as n on s.unit_id = n.id
),

placed as materialized (
    select f.id, f.amount, u.unit_id
    from rival.funds as f
    inner join rival.users as u on f.handle_by = u.id
    union
    select f.id, f.amount, u.unit_id
    from rival.funds as f
    inner join rival.orders as o on f.order_id = o.id
    inner join rival.users as u on o.handler_id = u.id
    union
    select f.id, f.amount, u.unit_id
    from rival.funds as f
    inner join rival.customers as c on f.customer_id = c.id
    inner join rival.users as u on c.manager_id = u.id
),

below as materialized (
    select s.user_id, d.id as unit_id
    from supervised as s
    inner join rival.units as d on d.path operator(ext.<@) s.path
)

select distinct b.user_id, p.amount, p.id as fund_id
from below as b
inner join placed as p on b.unit_id = p.unit_id
