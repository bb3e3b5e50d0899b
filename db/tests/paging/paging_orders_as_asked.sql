-- One order, cut into pages: ties by fund_id, NULLs last ascending and first descending.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(38);
grant all on all tables in schema pg_temp to public;
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code)
values (9001, null, 'acme'), (9002, 9001, 'north');
insert into authz.users (id, username, base_unit_id)
values (9101, 'ann', 9001), (9102, 'bob', 9002), (9103, 'carl', 9002);
insert into finance.customers (id, manager_id) values (9201, 9102), (9202, 9103);
insert into finance.orders (id, handler_id) values (9301, 9102), (9302, 9103);
insert into finance.financial_funds (
    id, tenant_id, handle_by, order_id, customer_id, amount, created_at, status
)
values
(9401, 9001, 9103, null, null, 30, '2030-01-02 00:00+00', 'open'),
(9402, 9001, 9102, 9302, null, 10, '2030-01-01 00:00+00', 'closed'),
(9403, 9001, null, 9301, 9202, 30, '2030-01-03 00:00+00', 'open'),
(9404, 9001, null, null, 9201, 20, '2030-01-01 00:00+00', 'open'),
(9405, 9001, 9102, 9301, 9201, 10, '2030-01-03 00:00+00', 'closed');
-- ann by unit, dora by the whole tenant: a page is found in another way for each.
insert into authz.users (id, username, base_unit_id) values (9104, 'dora', 9001);
insert into authz.user_roles (user_id, role_id, unit_id)
select g.user_id, r.id, g.unit_id
from (values (9101, 'supervisor', 9002), (9104, 'supervisor', 9001)) as g (user_id, role, unit_id)
inner join authz.roles as r on g.role = r.code and r.tenant_id is null;

create temporary table orders (sort_by text, sort_order text, funds bigint []);
insert into orders (sort_by, sort_order, funds)
values
('fund_id', 'ASC', '{9401,9402,9403,9404,9405}'),
('fund_id', 'DESC', '{9405,9404,9403,9402,9401}'),
('amount', 'ASC', '{9402,9405,9404,9401,9403}'),
('amount', 'DESC', '{9401,9403,9404,9402,9405}'),
('created_at', 'ASC', '{9402,9404,9401,9403,9405}'),
('created_at', 'DESC', '{9403,9405,9401,9402,9404}'),
('status', 'ASC', '{9402,9405,9401,9403,9404}'),
('status', 'DESC', '{9401,9403,9404,9402,9405}'),
('handle_by', 'ASC', '{9402,9405,9401,9403,9404}'),
('handle_by', 'DESC', '{9403,9404,9401,9402,9405}'),
('order_id', 'ASC', '{9403,9405,9402,9401,9404}'),
('order_id', 'DESC', '{9401,9404,9402,9403,9405}'),
('customer_id', 'ASC', '{9404,9405,9403,9401,9402}'),
('customer_id', 'DESC', '{9401,9402,9403,9404,9405}');
grant select on orders to fundwarden_trusted;

set local role fundwarden_trusted;
select is(
    array(
        select p.fund_id
        from finance.page_authorized_funds(
            w.user_id, sort_by => o.sort_by, sort_order => o.sort_order
        ) as p
        order by p.row_number
    ),
    o.funds,
    format('by %s %s for %s', o.sort_by, o.sort_order, w.title)
)
from orders as o
cross join (values (9101, 'units'), (9104, 'a tenant')) as w (user_id, title);

select is_empty(
    $$
    select o.sort_by, o.sort_order, w.user_id, s.size
    from orders as o
    cross join (values (9101), (9104)) as w (user_id)
    cross join generate_series(1, 5) as s (size)
    where o.funds is distinct from array(
        select p.fund_id
        from generate_series(1, (5 + s.size - 1) / s.size) as n (page)
        cross join lateral finance.page_authorized_funds(
            w.user_id, n.page, s.size, o.sort_by, o.sort_order
        ) as p
        order by p.row_number
    )
    $$,
    'pages of any size, one after another, are the whole'
);
select is_empty(
    $$
    select o.sort_by, s.size, p.*
    from orders as o
    cross join generate_series(1, 5) as s (size)
    cross join generate_series(1, 5) as n (page)
    cross join lateral finance.page_authorized_funds(
        9101, n.page, s.size, o.sort_by, o.sort_order
    ) as p
    where p.total_count <> 5
        or p.row_number not between (n.page - 1) * s.size + 1 and n.page * s.size
        or p.fund_id <> o.funds[p.row_number]
    $$,
    'a row has the number of its place in the whole, and the total of it'
);
select is_empty(
    'select * from finance.page_authorized_funds(9101, 2, 5)', 'beyond the last page there are none'
);
select is_empty(
    'select * from finance.page_authorized_funds(9101, 2147483647, 10000)',
    'however far beyond'
);
select results_eq(
    $$select fund_id, total_count from finance.page_authorized_funds(
        9101, 2, 1, 'amount', 'DESC', status => 'open')$$,
    'values (9403::bigint, 3::bigint)', 'a filtered page is of the filtered whole'
);
select results_eq(
    $$select row_number, fund_id from finance.page_authorized_funds(9101, sort_order => 'dEsC')$$,
    $$select row_number, fund_id from finance.page_authorized_funds(9101, sort_order => 'DESC')$$,
    'an order has no case'
);

-- Twenty to a page, by fund_id, unless something else is asked for.
set local role fundwarden_owner;
insert into finance.financial_funds (id, handle_by, amount)
select n, 9102, 1
from generate_series(9500, 9520) as n;
set local role fundwarden_trusted;
select results_eq(
    'select row_number, fund_id, total_count from finance.page_authorized_funds(9101)',
    'select n, (array[9401, 9402, 9403, 9404, 9405]::bigint [] || array(select generate_series('
    '9500, 9514)::bigint))[n], 26::bigint from generate_series(1::bigint, 20) as n',
    'the first twenty by fund_id when only the user is named'
);
select results_eq(
    'select row_number, fund_id from finance.page_authorized_funds(9101, 2)',
    'select n, 9494 + n from generate_series(21::bigint, 26) as n', 'then the rest'
);
select results_eq(
    $$select fund_id from finance.page_authorized_funds(9101, 1, 3, 'amount')$$,
    'values (9500::bigint), (9501), (9502)', 'a tie longer than the page is in order too'
);
select results_eq(
    $$select fund_id from finance.page_authorized_funds(9101, 8, 3, 'amount', 'DESC')$$,
    'values (9516::bigint), (9517), (9518)', 'also descending'
);
set local role fundwarden_owner;

select * from finish();
rollback;
