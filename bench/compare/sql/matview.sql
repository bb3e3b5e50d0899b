with page as (
    select v.fund_id, v.amount
    from rival.user_funds as v
    where v.user_id = %(user)s
    order by v.amount desc, v.fund_id
    limit %(size)s offset %(offset)s
)

select
    (select count(*) from rival.user_funds as v where v.user_id = %(user)s),
    f.id, f.handle_by, f.order_id, f.customer_id, f.amount, f.currency, f.status, f.created_at
from page as p
inner join rival.funds as f on p.fund_id = f.id
order by f.amount desc, f.id
