with page as (
    select s.id
    from picked as s
    order by s.amount desc, s.id
    limit %(size)s offset %(offset)s
)

select
    (select count(*) from picked),
    f.id, f.handle_by, f.order_id, f.customer_id, f.amount, f.currency, f.status, f.created_at
from page as p
inner join rival.funds as f on p.id = f.id
order by f.amount desc, f.id
