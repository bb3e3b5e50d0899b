-- Customers and orders, as funds are.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(45);
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code, kind)
values (9001, null, 'acme', 'organization'), (9002, 9001, 'north', 'region'),
(9003, 9001, 'south', 'region'), (9900, null, 'zeta', 'organization');
insert into authz.users (id, username, base_unit_id)
values (9101, 'ann', 9002), (9102, 'bob', 9002), (9103, 'sue', 9003), (9104, 'eve', 9002),
(9900, 'zed', 9900);
insert into authz.roles (id, code) values (9701, 'writer'), (9702, 'reader');
insert into authz.role_permissions (role_id, permission_id)
select r.id, p.id
from authz.roles as r
inner join authz.permissions as p
    on p.resource in ('finance.customers', 'finance.orders')
    and p.action in ('read', case r.id when 9701 then 'manage' end)
    and p.scope = 'team'
where r.id in (9701, 9702);
insert into authz.user_roles (user_id, role_id, unit_id)
values (9101, 9701, 9002), (9104, 9702, 9002);
insert into finance.customers (id, name, manager_id)
values (9301, 'ours', 9102), (9302, 'theirs', 9103), (9303, 'named', 9102), (9304, 'far', 9900);
insert into finance.orders (id, handler_id, customer_id)
values (9201, 9102, 9303), (9202, 9103, null), (9203, 9102, null);
insert into finance.financial_funds (tenant_id, id, order_id, amount) values (9001, 9401, 9203, 1);

create function pg_temp.be(user_id bigint) returns void language sql as $$
    select set_config('role', 'fundwarden_trusted', true);
    select authz.act_as($1);
    select set_config('role', 'fundwarden_app', true);
$$;
grant execute on all functions in schema pg_temp to public;

set local role fundwarden_app;
select throws_ok(
    format('select finance.%s', w.call), '28000', 'nobody is signed in', w.call || ' by nobody'
)
from (
    values ('create_customer(''{}'')'), ('update_customer(9301, ''{}'')'),
    ('delete_customer(9301)'), ('create_order(''{}'')'), ('update_order(9201, ''{}'')'),
    ('delete_order(9201)')
) as w (call);

select pg_temp.be(9101);
select throws_ok(
    format('select finance.%s', w.call), w.state, w.told, w.call || ': ' || w.told
)
from (
    values
    ('create_customer(null)', '22023', 'changes must be a JSON object'),
    ('create_customer(''[]'')', '22023', 'changes must be a JSON object'),
    ('create_customer(''{"name": "x"}'')', '22023', 'customer: manager_id is required'),
    (
        'create_customer(''{"name": 7, "manager_id": 9102}'')', '22023',
        'changes: ''name'' is not a column to change, or not with this value'
    ),
    (
        'update_customer(9301, ''{"tenant_id": 9900}'')', '22023',
        'changes: ''tenant_id'' is not a column to change, or not with this value'
    ),
    ('create_customer(''{"manager_id": 9103}'')', '42501', 'manager_id: not allowed'),
    ('create_customer(''{"manager_id": 9900}'')', '42501', 'manager_id: not allowed'),
    ('create_customer(''{"manager_id": 777777}'')', '42501', 'manager_id: not allowed'),
    ('update_customer(9302, ''{"name": "mine"}'')', '42501', 'customer_id: not allowed'),
    ('update_customer(777777, ''{"name": "mine"}'')', '42501', 'customer_id: not allowed'),
    ('update_customer(9304, ''{"name": "mine"}'')', '42501', 'customer_id: not allowed'),
    ('update_customer(null, ''{"name": "mine"}'')', '42501', 'customer_id: not allowed'),
    ('update_customer(9301, ''{"manager_id": 9103}'')', '42501', 'manager_id: not allowed'),
    ('delete_customer(9302)', '42501', 'customer_id: not allowed'),
    ('delete_customer(777777)', '42501', 'customer_id: not allowed'),
    ('delete_customer(9303)', '23514', 'customer_id: other records name it'),
    ('create_order(''{"customer_id": 9301}'')', '22023', 'order: handler_id is required'),
    ('create_order(''{"handler_id": 9103}'')', '42501', 'handler_id: not allowed'),
    (
        'create_order(''{"handler_id": 9102, "customer_id": 9302}'')', '42501',
        'customer_id: not allowed'
    ),
    (
        'create_order(''{"handler_id": 9102, "customer_id": 777777}'')', '42501',
        'customer_id: not allowed'
    ),
    ('update_order(9202, ''{"customer_id": null}'')', '42501', 'order_id: not allowed'),
    ('update_order(777777, ''{"customer_id": null}'')', '42501', 'order_id: not allowed'),
    ('update_order(9201, ''{"customer_id": 9302}'')', '42501', 'customer_id: not allowed'),
    ('update_order(9201, ''{"handler_id": null}'')', '22023', null),
    ('delete_order(9202)', '42501', 'order_id: not allowed'),
    ('delete_order(9203)', '23514', 'order_id: other records name it')
) as w (call, state, told);
select lives_ok(
    $$select finance.create_customer('{"name": "Müller & Töchter", "manager_id": 9102}')$$,
    'a customer is made'
);
select lives_ok($$select finance.update_customer(9301, '{"name": "new"}')$$, 'and changed');
select lives_ok(
    $$select finance.create_order('{"handler_id": 9102, "customer_id": 9301}')$$, 'an order is made'
);
select lives_ok($$select finance.update_order(9201, '{"customer_id": null}')$$, 'and changed');
select lives_ok('select finance.delete_order(9201)', 'and deleted');
select lives_ok('select finance.delete_customer(9303)', 'and the customer nothing names any more');
select pg_temp.be(9104);
select throws_ok(
    format('select finance.%s', w.call), '42501', null, w.call || ' by who may only read'
)
from (
    values ('create_customer(''{"manager_id": 9102}'')'),
    ('update_customer(9301, ''{"name": "x"}'')'), ('delete_customer(9301)'),
    ('create_order(''{"handler_id": 9102}'')'), ('update_order(9203, ''{"customer_id": null}'')'),
    ('delete_order(9203)')
) as w (call);
set local role fundwarden_owner;
select is(
    array(select c.name from finance.customers as c where c.id in (9301, 9302, 9304) order by c.id),
    '{new,theirs,far}', 'nothing else is changed'
);

select * from finish();
rollback;
