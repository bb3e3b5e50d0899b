-- The tables as the other strategies would have them: the same rows without owner units and
-- tenants, so that their rows are narrower and their indexes smaller than ours.

create schema rival;

create table rival.units as
select n.id, n.parent_id, n.path
from authz.org_units as n;

create table rival.users as
select u.id, u.base_unit_id as unit_id
from authz.users as u;

create table rival.customers as
select c.id, c.manager_id
from finance.customers as c
order by c.id;

create table rival.orders as
select o.id, o.handler_id
from finance.orders as o
order by o.id;

create table rival.funds as
select
    f.id, f.handle_by, f.order_id, f.customer_id, f.amount, f.currency, f.status, f.created_at
from finance.financial_funds as f
order by f.id;

alter table rival.units add primary key (id);
alter table rival.users add primary key (id);
alter table rival.customers add primary key (id);
alter table rival.orders add primary key (id);
alter table rival.funds add primary key (id);

create index units_by_parent on rival.units (parent_id) include (id);
create index units_by_path on rival.units using gist (path ext.gist_ltree_ops);
create index users_by_unit on rival.users (unit_id) include (id);
create index customers_by_manager on rival.customers (manager_id) include (id);
create index orders_by_handler on rival.orders (handler_id) include (id);
create index funds_by_handler on rival.funds (handle_by) include (amount, id);
create index funds_by_order on rival.funds (order_id) include (amount, id);
create index funds_by_customer on rival.funds (customer_id) include (amount, id);
create index funds_by_amount on rival.funds (amount desc, id);

-- A function the planner cannot see through, asked for every row.
create function rival.may_see(handle_by bigint, order_id bigint, customer_id bigint)
returns boolean
language plpgsql stable security invoker parallel safe
as $$
begin
    return exists (
        select
        from rival.users as u
        inner join rival.units as n on u.unit_id = n.id
        where u.id = may_see.handle_by
            and n.path operator(ext.<@) current_setting('rival.path')::ext.ltree
    ) or exists (
        select
        from rival.orders as o
        inner join rival.users as u on o.handler_id = u.id
        inner join rival.units as n on u.unit_id = n.id
        where o.id = may_see.order_id
            and n.path operator(ext.<@) current_setting('rival.path')::ext.ltree
    ) or exists (
        select
        from rival.customers as c
        inner join rival.users as u on c.manager_id = u.id
        inner join rival.units as n on u.unit_id = n.id
        where c.id = may_see.customer_id
            and n.path operator(ext.<@) current_setting('rival.path')::ext.ltree
    );
end
$$;

-- Superusers, as whom the other strategies connect, are not held by it.
alter table rival.funds enable row level security;
create policy seen_by_supervisors on rival.funds
for select
to fundwarden_app
using (rival.may_see(handle_by, order_id, customer_id));

grant usage on schema rival to fundwarden_app;
grant select on all tables in schema rival to fundwarden_app;
