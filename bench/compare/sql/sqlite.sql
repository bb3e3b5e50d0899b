create table units (id integer primary key, parent_id integer, path text not null);
create table users (id integer primary key, unit_id integer not null);
create table customers (id integer primary key, manager_id integer not null);
create table orders (id integer primary key, handler_id integer not null);
create table funds (
    id integer primary key,
    handle_by integer,
    order_id integer,
    customer_id integer,
    amount real not null,
    currency text not null,
    status text not null,
    created_at text not null
);
