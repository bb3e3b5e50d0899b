with people as materialized (
    select u.id
    from rival.units as n
    inner join rival.users as u on n.id = u.unit_id
    where n.path operator(ext.<@) %(path)s::ext.ltree
),

seen as materialized (
    select f.id, f.amount
    from rival.funds as f
    where f.handle_by in (select p.id from people as p)
        or f.order_id in (
            select o.id
            from rival.orders as o
            inner join people as p on o.handler_id = p.id
        )
        or f.customer_id in (
            select c.id
            from rival.customers as c
            inner join people as p on c.manager_id = p.id
        )
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
