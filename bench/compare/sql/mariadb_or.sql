-- Kept from merging by distinct: sub-selects under OR would be asked again for every fund.
with people as (
    select distinct u.id
    from units as n
    inner join users as u on n.id = u.unit_id
    where n.path = %(path)s or n.path > %(above)s and n.path < %(beyond)s
),

handled as (
    select distinct o.id
    from orders as o
    inner join people as p on o.handler_id = p.id
),

managed as (
    select distinct c.id
    from customers as c
    inner join people as p on c.manager_id = p.id
),

page as (
    select
        f.id,
        count(*) over () as total
    from funds as f
    left join people as p on f.handle_by = p.id
    left join handled as h on f.order_id = h.id
    left join managed as m on f.customer_id = m.id
    where p.id is not null or h.id is not null or m.id is not null
    order by f.amount desc, f.id
    limit %(size)s offset %(offset)s
)

select
    p.total,
    f.id, f.handle_by, f.order_id, f.customer_id, f.amount, f.currency, f.status, f.created_at
from page as p
inner join funds as f on p.id = f.id
order by f.amount desc, f.id
