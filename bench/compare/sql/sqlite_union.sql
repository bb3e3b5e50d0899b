with people as materialized (
    select u.id
    from units as n
    inner join users as u on n.id = u.unit_id
    where n.path = :path or n.path > :above and n.path < :beyond
),

seen as materialized (
    select f.id, f.amount
    from people as p
    inner join funds as f on p.id = f.handle_by
    union
    select f.id, f.amount
    from people as p
    inner join orders as o on p.id = o.handler_id
    inner join funds as f on o.id = f.order_id
    union
    select f.id, f.amount
    from people as p
    inner join customers as c on p.id = c.manager_id
    inner join funds as f on c.id = f.customer_id
),

page as (
    select
        s.id,
        count(*) over () as total
    from seen as s
    order by s.amount desc, s.id
    limit :size offset :offset
)

select
    p.total,
    f.id, f.handle_by, f.order_id, f.customer_id, f.amount, f.currency, f.status, f.created_at
from page as p
inner join funds as f on p.id = f.id
order by f.amount desc, f.id
