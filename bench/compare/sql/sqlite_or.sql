with people as materialized (
    select u.id
    from units as n
    inner join users as u on n.id = u.unit_id
    where n.path = :path or n.path > :above and n.path < :beyond
),

page as (
    select
        f.id,
        count(*) over () as total
    from funds as f
    where f.handle_by in (select p.id from people as p)
        or f.order_id in (
            select o.id
            from orders as o
            inner join people as p on o.handler_id = p.id
        )
        or f.customer_id in (
            select c.id
            from customers as c
            inner join people as p on c.manager_id = p.id
        )
    order by f.amount desc, f.id
    limit :size offset :offset
)

select
    p.total,
    f.id, f.handle_by, f.order_id, f.customer_id, f.amount, f.currency, f.status, f.created_at
from page as p
inner join funds as f on p.id = f.id
order by f.amount desc, f.id
