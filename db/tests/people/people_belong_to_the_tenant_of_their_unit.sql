-- Who a person belongs to follows from the base unit and stays.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(20);

insert into authz.org_units (id, parent_id, code)
values
(9001, null, 'acme'),
(9002, 9001, 'north'),
(9003, 9001, 'south'),
(9011, null, 'other');

insert into authz.users (id, username, base_unit_id)
values (9101, 'ann', 9002), (9102, 'bob', 9003), (9111, 'eve', 9011);

select results_eq(
    'select id, tenant_id from authz.users where id > 9100 order by id',
    'values (9101::bigint, 9001), (9102, 9001), (9111, 9011)',
    'the tenant of a user is that of the base unit'
);
select throws_ok(
    $$insert into authz.users (tenant_id, username, base_unit_id) values (9011, 'zoe', 9002)$$,
    '23503', null, 'a tenant that is given and wrong is refused'
);
select throws_ok(
    $$insert into authz.users (username, base_unit_id) values ('zoe', 424242)$$,
    '23503', 'base_unit_id 424242 does not exist', 'an unknown unit is named'
);
select throws_ok(
    $$insert into authz.users (username, base_unit_id) values ('zoe', null)$$,
    '23503', 'base_unit_id null does not exist', 'nobody is without a unit'
);
select lives_ok(
    $$insert into authz.users (id, username, base_unit_id) values (9112, 'ann', 9011)$$,
    'another tenant may have a user of the same name'
);
select throws_ok(
    $$insert into authz.users (username, base_unit_id) values ('ann', 9003)$$,
    '23505', null, 'a tenant may not'
);

-- What a user owns and was given goes along, or the transfer is refused.
insert into finance.customers (id, manager_id) values (9201, 9101);
insert into finance.orders (id, customer_id, handler_id) values (9301, 9201, 9101);
insert into finance.financial_funds (id, tenant_id, handle_by, order_id, customer_id, amount)
values (9401, 9001, 9101, null, null, 1), (9402, 9001, null, 9301, 9201, 2);

select lives_ok(
    'update authz.users set base_unit_id = 9003 where id = 9101', 'a user is transferred'
);
select results_eq(
    $$
    select id, handler_unit_id, order_unit_id, customer_unit_id
    from finance.financial_funds
    where id in (9401, 9402)
    order by id
    $$,
    'values (9401::bigint, 9003, null::int, null::int), (9402, null, 9003, 9003)',
    'the units of what the user owns go along'
);

select throws_ok(
    'update authz.users set base_unit_id = 9011 where id = 9101',
    '23503', null, 'a transfer to a unit of another tenant is refused'
);
select throws_ok(
    'update authz.users set tenant_id = 9011 where id = 9101',
    '23514', 'user 9101 cannot change tenant', 'a change of tenant is refused'
);
select throws_ok(
    'update authz.users set tenant_id = 9011, base_unit_id = 9011 where id = 9102',
    '23514', 'user 9102 cannot change tenant', 'also together with the unit'
);
select is(
    (select base_unit_id from authz.users where id = 9102), 9003, 'who was refused stays'
);

-- Memberships and grants are of the user's tenant.
insert into authz.memberships (id, user_id, unit_id) values (9501, 9101, 9002);
insert into authz.user_roles (id, user_id, role_id, unit_id)
select 9601, 9101, r.id, 9002
from authz.roles as r
where r.code = 'supervisor' and r.tenant_id is null;
select is(
    (select tenant_id from authz.memberships where id = 9501), 9001,
    'a membership is of the tenant of its user'
);
select is(
    (select tenant_id from authz.user_roles where id = 9601), 9001,
    'a grant is of the tenant of its user'
);
select throws_ok(
    'insert into authz.memberships (user_id, unit_id) values (9101, 9011)',
    '23503', null, 'a membership in another tenant is refused'
);
select throws_ok(
    'insert into authz.user_roles (user_id, role_id, unit_id) values (9101, 1, 9011)',
    '23503', null, 'a grant in another tenant is refused'
);
select throws_ok(
    'insert into authz.memberships (tenant_id, user_id, unit_id) values (9011, 9101, 9011)',
    '23503', null, 'whatever tenant is written beside it'
);
select throws_ok(
    'insert into authz.memberships (user_id, unit_id) values (424242, 9002)',
    '23503', 'user_id 424242 does not exist', 'an unknown member is named'
);
select throws_ok(
    'insert into finance.orders (handler_id, tenant_id, customer_id) values (9111, 9001, 9201)',
    '23503', null, 'an order for a customer of another tenant is refused'
);
select throws_ok(
    'update finance.customers set manager_id = 9111 where id = 9201',
    '23514', 'customers 9201: the new owner is of another tenant',
    'a customer does not pass to another tenant'
);

select * from finish();
rollback;
