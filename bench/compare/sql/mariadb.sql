create table units (id int primary key, parent_id int, path varchar(500) not null)
character set ascii collate ascii_bin;
create table users (id bigint primary key, unit_id int not null);
create table customers (id bigint primary key, manager_id bigint not null);
create table orders (id bigint primary key, handler_id bigint not null);
create table funds (
    id bigint primary key,
    handle_by bigint,
    order_id bigint,
    customer_id bigint,
    amount decimal(20, 2) not null,
    currency char(3) not null,
    status varchar(50) not null,
    created_at datetime(6) not null
);
