with people as materialized (
    select u.id
    from rival.units as n
    inner join rival.users as u on n.id = u.unit_id
    where n.path operator(ext.<@) %(path)s::ext.ltree
),

seen as materialized (
    select f.id, f.amount
    from people as p
    inner join rival.funds as f on p.id = f.handle_by
    union
    select f.id, f.amount
    from people as p
    inner join rival.orders as o on p.id = o.handler_id
    inner join rival.funds as f on o.id = f.order_id
    union
    select f.id, f.amount
    from people as p
    inner join rival.customers as c on p.id = c.manager_id
    inner join rival.funds as f on c.id = f.customer_id
),

page as (
    select s.id
    from seen as s
    order by s.amount desc, s.id
    limit %(size)s offset %(offset)s
)

select
    (select count(*) from seen),
    f.id, f.handle_by, f.order_id, f.customer_id, f.amount, f.currency, f.status, f.created_at
from page as p
inner join rival.funds as f on p.id = f.id
order by f.amount desc, f.id
