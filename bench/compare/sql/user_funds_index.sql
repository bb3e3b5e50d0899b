-- Serves the page, the total and the concurrent refresh.
create unique index user_funds_in_order on rival.user_funds (user_id, amount desc, fund_id)
