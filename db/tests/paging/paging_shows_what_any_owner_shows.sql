-- Three owners, any of whom shows the fund; a page, a total and an explanation agree.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(24);
grant all on all tables in schema pg_temp to public;
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code)
values
(9001, null, 'acme'), (9002, 9001, 'north'), (9003, 9001, 'south'), (9011, null, 'other');
insert into authz.users (id, username, base_unit_id)
values
(9101, 'ann', 9001), (9102, 'bob', 9002), (9103, 'carl', 9003), (9104, 'dora', 9003),
(9111, 'eve', 9011);
insert into finance.customers (id, manager_id) values (9201, 9102), (9202, 9103);
insert into finance.orders (id, handler_id, customer_id)
values (9301, 9102, 9201), (9302, 9103, 9202);
insert into finance.financial_funds (id, tenant_id, handle_by, order_id, customer_id, amount)
values
(9401, 9001, 9102, null, null, 10),
(9402, 9001, null, 9301, null, 20),
(9403, 9001, null, null, 9201, 30),
(9404, 9001, 9102, 9301, 9201, 40),
(9405, 9001, 9103, 9301, 9202, 50),
(9406, 9001, 9103, 9302, 9202, 60),
(9407, 9001, 9103, 9301, 9201, 5),
(9408, 9011, 9111, null, null, 70);
-- ann oversees north, carl his own.
insert into authz.user_roles (id, user_id, role_id, unit_id)
select g.id, g.user_id, r.id, g.unit_id
from (values (9601, 9101, 'supervisor', 9002), (9602, 9103, 'staff', null))
    as g (id, user_id, role, unit_id)
inner join authz.roles as r on g.role = r.code and r.tenant_id is null;

set local role fundwarden_trusted;
select results_eq(
    'select row_number, total_count, fund_id from finance.page_authorized_funds(9101)',
    'values (1::bigint, 6::bigint, 9401::bigint), (2, 6, 9402), (3, 6, 9403), (4, 6, 9404), '
    '(5, 6, 9405), (6, 6, 9407)',
    'each owner shows the fund; in two or three ways it is there once; with the total in every row'
);
select is(
    finance.count_authorized_funds(9101), 6::bigint, 'the count is the total of the page'
);
select results_eq(
    $$select * from finance.page_authorized_funds(9101, 1, 1, 'amount', 'DESC')$$,
    $$
    values (
        1::bigint, 6::bigint, 9405::bigint, 9103::bigint, 9301::bigint, 9202::bigint,
        50::numeric, 'EUR', 'open', now()
    )
    $$,
    'a row is the fund as it is stored'
);
select results_eq(
    'select row_number, total_count, fund_id from finance.page_authorized_funds(9103)',
    'values (1::bigint, 3::bigint, 9405::bigint), (2, 3, 9406), (3, 3, 9407)',
    'own rows: handled, or of an order or a customer of one''s own, each once'
);
select is(finance.count_authorized_funds(9103), 3::bigint, 'and the count agrees');
select is_empty(
    'select * from finance.page_authorized_funds(9104)', 'without a grant there is nothing'
);
select is(finance.count_authorized_funds(9104), 0::bigint, 'nothing counts 0');

-- Why.
select results_eq(
    'select owner_kind, owner_id, owner_unit_path, grant_id from '
    'finance.explain_fund_access(9101, 9404) where is_visible',
    $$
    values
    ('customer manager', 9102::bigint, 'acme.north', 9601::bigint),
    ('handler', 9102, 'acme.north', 9601),
    ('order handler', 9102, 'acme.north', 9601)
    $$,
    'a fund shown in three ways is explained in three'
);
select results_eq(
    'select owner_kind, is_visible, reason from finance.explain_fund_access(9101, 9405)',
    $$
    values
    ('order handler', true, 'acme.north lies in acme.north'),
    ('customer manager', false, 'acme.south does not lie in acme.north'),
    ('handler', false, 'acme.south does not lie in acme.north')
    $$,
    'what shows a fund comes first, then what does not'
);
select results_eq(
    'select p.user_id, f.id from (values (9101), (9103), (9104)) as p (user_id) '
    'cross join generate_series(9401, 9408) as f (id) '
    'where exists (select from finance.explain_fund_access(p.user_id, f.id) as e '
    'where e.is_visible) order by 1, 2',
    'select p.user_id, q.fund_id::int from (values (9101), (9103), (9104)) as p (user_id) '
    'cross join lateral finance.page_authorized_funds(p.user_id) as q order by 1, 2',
    'for every user and fund: explained as visible is to be on the page'
);
select is_empty(
    'select * from finance.explain_fund_access(9104, 9401)', 'who has no grant has none to explain'
);
select throws_ok(
    'select * from finance.explain_fund_access(9101, 424242)', '22023',
    'fund_id 424242 does not exist', 'an unknown fund is named'
);

-- Filters: both amounts and created_from are included, created_to is not.
select results_eq(
    'select fund_id, total_count from finance.page_authorized_funds(9101, min_amount => 20, '
    'max_amount => 40)',
    'values (9402::bigint, 3::bigint), (9403, 3), (9404, 3)',
    'amounts are included at both ends'
);
select is(
    finance.count_authorized_funds(9101, min_amount => 20, max_amount => 40), 3::bigint,
    'the count filters alike'
);
select is(
    finance.count_authorized_funds(9101, created_from => now()), 6::bigint,
    'created_from is included'
);
select is(
    finance.count_authorized_funds(9101, created_to => now()), 0::bigint, 'created_to is not'
);
select is(
    finance.count_authorized_funds(9101, status => 'closed'), 0::bigint,
    'a status that no fund has finds none'
);

-- What moves and changes is seen at once.
set local role fundwarden_owner;
select lives_ok(
    'update authz.users set base_unit_id = 9003 where id = 9102', 'an owner is transferred'
);
set local role fundwarden_trusted;
select is_empty(
    'select * from finance.page_authorized_funds(9101)', 'and all funds with them leave the page'
);
select is(finance.count_authorized_funds(9101), 0::bigint, 'and the count');
select is_empty(
    'select * from finance.explain_fund_access(9101, 9404) where is_visible',
    'and the explanation'
);
set local role fundwarden_owner;
select lives_ok('select authz.move_unit(9003, 9002)', 'their unit is moved');
set local role fundwarden_trusted;
select results_eq(
    'select fund_id, total_count from finance.page_authorized_funds(9101)',
    'select n::bigint, 7::bigint from generate_series(9401, 9407) as n',
    'and brings back all that lies in it'
);
select is(
    (
        select count(distinct e.fund_id)
        from generate_series(9401, 9408) as e (fund_id)
        cross join lateral finance.explain_fund_access(9101, e.fund_id) as x
        where x.is_visible
    ),
    finance.count_authorized_funds(9101), 'explained as often as counted'
);
set local role fundwarden_owner;

select * from finish();
rollback;
