-- Nobody writes a fund they could not see, or may not write, before or after.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(34);
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code, kind)
values (9001, null, 'acme', 'organization'), (9002, 9001, 'north', 'region'),
(9003, 9001, 'south', 'region'), (9900, null, 'zeta', 'organization');
insert into authz.users (id, username, base_unit_id)
values (9101, 'ann', 9002), (9102, 'bob', 9002), (9103, 'sue', 9003), (9104, 'eve', 9002),
(9900, 'zed', 9900);
insert into authz.permissions (id, resource, action, scope, conditions)
values (9901, 'finance.funds', 'update', 'team', '{"field": "amount", "op": "<=", "value": 100}');
insert into authz.roles (id, code) values (9701, 'writer'), (9702, 'reader');
insert into authz.role_permissions (role_id, permission_id)
select w.role_id, p.id
from (
    values (9701, 'finance.funds', 'create'), (9701, 'finance.funds', 'delete'),
    (9701, 'finance.funds', 'read'), (9701, 'finance.orders', 'read'),
    (9702, 'finance.funds', 'read')
) as w (role_id, resource, action)
inner join authz.permissions as p
    on w.resource::ltree = p.resource and w.action = p.action and p.scope = 'team'
    and p.conditions is null;
insert into authz.role_permissions (role_id, permission_id) values (9701, 9901);
insert into authz.user_roles (user_id, role_id, unit_id)
values (9101, 9701, 9002), (9104, 9702, 9002);
insert into finance.orders (id, handler_id) values (9201, 9102), (9202, 9103), (9203, 9900);
insert into finance.financial_funds (id, handle_by, amount)
values (9401, 9102, 10), (9402, 9103, 10), (9403, 9102, 1000);

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
    values ('create_fund(''{}'')'), ('update_fund(9401, ''{}'')'), ('delete_fund(9401)')
) as w (call);

select pg_temp.be(9101);
select throws_ok(
    format('select finance.create_fund(%L)', w.fund), w.state, w.told, w.told || ' ' || w.fund
)
from (
    values
    ('[]', '22023', 'changes must be a JSON object'),
    (null, '22023', 'changes must be a JSON object'),
    ('{"handle_by": 9102}', '22023', 'fund: amount and an owner are required'),
    ('{"amount": 1}', '22023', 'fund: amount and an owner are required'),
    (
        '{"amount": "1", "handle_by": 9102}', '22023',
        'changes: ''amount'' is not a column to change, or not with this value'
    ),
    (
        '{"amount": 1, "handle_by": 9102, "tenant_id": 9900}', '22023',
        'changes: ''tenant_id'' is not a column to change, or not with this value'
    ),
    (
        '{"amount": 1, "handle_by": -9102}', '22023',
        'changes: ''handle_by'' is not a column to change, or not with this value'
    ),
    (
        '{"amount": 1, "handle_by": 9102, "currency": "euro"}', '22023',
        'changes: ''currency'' is not a column to change, or not with this value'
    ),
    ('{"amount": 1, "handle_by": 9103}', '42501', 'handle_by: not allowed'),
    ('{"amount": 1, "handle_by": 777777}', '42501', 'handle_by: not allowed'),
    ('{"amount": 1, "handle_by": 9900}', '42501', 'handle_by: not allowed'),
    ('{"amount": 1, "handle_by": 9102, "order_id": 9202}', '42501', 'order_id: not allowed'),
    ('{"amount": 1, "handle_by": 9102, "order_id": 777777}', '42501', 'order_id: not allowed'),
    ('{"amount": 1, "handle_by": 9102, "order_id": 9203}', '42501', 'order_id: not allowed'),
    ('{"amount": 1, "handle_by": 9102, "customer_id": 1}', '42501', 'customer_id: not allowed')
) as w (fund, state, told);
select lives_ok(
    $$select finance.create_fund('{"amount": 1.25, "handle_by": 9102, "order_id": 9201}')$$,
    'where one may create, a fund is made'
);
select lives_ok(
    $$select finance.update_fund(9401, '{"amount": 99.5, "status": "closed"}')$$,
    'where one may update, it is changed'
);
select row_eq(
    'select amount, status, handle_by from finance.financial_funds where id = 9401',
    row(99.5::numeric, 'closed'::text, 9102::bigint), 'what is left out stays'
);
select throws_ok(
    $$select finance.update_fund(9401, '{"amount": 101}')$$, '42501', 'changes: not allowed',
    'a condition is asked of the row as it would be'
);
select throws_ok(
    $$select finance.update_fund(9403, '{"amount": 1}')$$, '42501', 'fund_id: not allowed',
    'and of the row as it is'
);
select throws_ok(
    $$select finance.update_fund(9402, '{"amount": 1}')$$, '42501', 'fund_id: not allowed',
    'what one does not see is refused'
);
select throws_ok(
    $$select finance.update_fund(777777, '{"amount": 1}')$$, '42501', 'fund_id: not allowed',
    'as is what is not there'
);
select throws_ok(
    $$select finance.update_fund(9401, '{"handle_by": null}')$$, '23514',
    'changes would leave the fund without an owner', 'a fund keeps an owner'
);
select throws_ok(
    $$select finance.update_fund(9401, '{"handle_by": 9103}')$$, '42501', 'handle_by: not allowed',
    'nothing is moved out of reach'
);
select pg_temp.be(9104);
select throws_ok(
    format('select finance.%s', w.call), '42501', w.told, w.call || ' by who may only read'
)
from (
    values
    ('create_fund(''{"amount": 1, "handle_by": 9102}'')', 'fund: not allowed'),
    ('update_fund(9401, ''{"amount": 1}'')', 'fund_id: not allowed'),
    ('delete_fund(9401)', 'fund_id: not allowed')
) as w (call, told);
select pg_temp.be(9101);
select throws_ok(
    'select finance.delete_fund(9402)', '42501', 'fund_id: not allowed', 'nor deletes the unseen'
);
select lives_ok('select finance.delete_fund(9401)', 'where one may delete, it is gone');
select is(
    (select count(*) from finance.financial_funds where id in (9401, 9402)), 0::bigint,
    'and the other is as unseen as before'
);
set local role fundwarden_owner;
select is(
    (select count(*) from finance.financial_funds where id in (9401, 9402)), 1::bigint,
    'though it is there'
);

select * from finish();
rollback;
