create index units_by_parent on units (parent_id);
create index units_by_path on units (path);
create index users_by_unit on users (unit_id);
create index customers_by_manager on customers (manager_id);
create index orders_by_handler on orders (handler_id);
create index funds_by_handler on funds (handle_by, amount, id);
create index funds_by_order on funds (order_id, amount, id);
create index funds_by_customer on funds (customer_id, amount, id);
create index funds_by_amount on funds (amount desc, id);
