with seen as materialized (
    select f.id, f.amount
    from rival.funds as f
    where f.handle_by = any(%(people)s::bigint [])
        or f.order_id = any(%(orders)s::bigint [])
        or f.customer_id = any(%(customers)s::bigint [])
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
