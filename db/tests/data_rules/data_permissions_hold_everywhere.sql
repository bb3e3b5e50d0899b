-- Rows and columns are hidden in the table, in the view, in pages, in exports and from writers.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(41);
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code, kind)
values (9001, null, 'acme', 'organization'), (9002, 9001, 'north', 'region');
insert into authz.users (id, username, base_unit_id)
values (9101, 'ann', 9001), (9102, 'bob', 9002), (9103, 'sue', 9002);
insert into authz.permissions (id, resource, action, scope)
values (9901, 'finance.funds', 'export', 'team');
insert into authz.roles (id, code) values (9701, 'writer'), (9702, 'reader'), (9703, 'exporter');
insert into authz.role_permissions (role_id, permission_id)
select w.role_id, p.id
from (
    values (9701, 'finance.funds', 'create'), (9701, 'finance.funds', 'update'),
    (9701, 'finance.funds', 'delete'), (9701, 'finance.orders', 'read'),
    (9702, 'finance.funds', 'read')
) as w (role_id, resource, action)
inner join authz.permissions as p
    on w.resource::ltree = p.resource and w.action = p.action and p.scope = 'team'
    and p.conditions is null;
insert into authz.role_permissions (role_id, permission_id) values (9703, 9901);
insert into authz.user_roles (user_id, role_id, unit_id)
select w.user_id, w.role_id, 9001
from (values (9101, 9701), (9101, 9702), (9103, 9702)) as w (user_id, role_id);
insert into authz.user_roles (user_id, role_id, unit_id) values (9101, 9703, 9002);
insert into finance.orders (id, handler_id) values (9201, 9102);
insert into finance.financial_funds (id, handle_by, amount, status, order_id)
values (9401, 9102, 10, 'open', null), (9402, 9102, 20, 'settled', 9201),
(9403, 9101, 30, 'open', null), (9404, 9102, 40, 'open', null);

create function pg_temp.be(user_id bigint) returns void language sql as $$
    select set_config('role', 'fundwarden_trusted', true);
    select authz.act_as($1);
    select set_config('role', 'fundwarden_app', true);
$$;
grant execute on all functions in schema pg_temp to public;

select is(
    authz.register_dataset('finance.financial_funds', 'funds'), 'funds',
    'a table becomes a dataset'
);
insert into authz.row_permissions (id, dataset, dimension, subject, mode, filter)
values (
    9501, 'funds', 'user', '9101', 'restrict',
    '{"field": "status", "op": "=", "value": "open"}'
);
insert into authz.row_permissions (id, dataset, dimension, subject, mode, filter, whitelist)
values (
    9502, 'funds', 'role', '9702', 'permit', '{"field": "amount", "op": "<", "value": 40}', '{9103}'
);

select pg_temp.be(9101);
select results_eq(
    'select id from finance.financial_funds order by id', '{9401,9403}'::bigint [],
    'the table shows what all restricts and one permit let through'
);
select results_eq(
    'select id from secure.funds order by id', '{9401,9403}'::bigint [], 'so does the view'
);
select results_eq(
    'select fund_id from finance.page_authorized_funds()', '{9401,9403}'::bigint [],
    'so does a page'
);
select is(finance.count_authorized_funds(), 2::bigint, 'so does a total');
select results_eq(
    $$
    select fund_id
    from finance.page_authorized_funds(sort_by => 'amount', sort_order => 'desc')
    $$,
    '{9403,9401}'::bigint [], 'in any order'
);
select results_eq(
    'select fund_id from finance.export_funds()', '{9401}'::bigint [],
    'an export has what may be read and exported'
);
select throws_ok(
    $$select finance.update_fund(9402, '{"amount": 1}')$$, '42501', 'fund_id: not allowed',
    'a hidden row is not written'
);
select throws_ok(
    'select finance.delete_fund(9404)', '42501', 'fund_id: not allowed', 'nor deleted'
);
select throws_ok(
    $$select finance.update_fund(9401, '{"status": "settled"}')$$, '42501', 'changes: not allowed',
    'nor is a row moved out of sight'
);
select throws_ok(
    $$select finance.create_fund('{"amount": 50, "handle_by": 9101}')$$, '42501', null,
    'nor made out of sight'
);
select lives_ok(
    $$select finance.update_fund(9401, '{"amount": 11}')$$, 'what is seen is written'
);
select throws_ok(
    'select * from finance.explain_fund_access(9101, 9402)', '42501', null,
    'why a hidden row is shown is not told'
);
select isnt_empty(
    'select from finance.explain_fund_access(9101, 9401) where is_visible', 'of another it is'
);
select throws_ok(
    'select * from authz.row_permissions', '42501', null, 'the rules are nobody''s to read'
);
select throws_ok(
    $$select authz.register_dataset('finance.orders')$$, '42501', null, 'datasets are the owner''s'
);
select throws_ok(
    'select authz.compile_datasets()', '42501', null, 'and so is what they are made into'
);
select results_eq(
    $$
    select rule_id, in_force, reason
    from authz.explain_data_permissions(null, 'funds') order by rule_id
    $$,
    $$
    values (9501::bigint, true, 'it is about the user'), (9502, true, 'the user holds the role')
    $$,
    'a user is told of the rules about them'
);

select pg_temp.be(9103);
select is(finance.count_authorized_funds(), 4::bigint, 'who is on a whitelist skips the rule');
select is((select count(*) from secure.funds), 4::bigint, 'in the view too');
select is_empty(
    $$select * from authz.explain_data_permissions(null, 'funds')$$,
    'and is not told of rules about others'
);
select throws_ok(
    'select * from finance.export_funds()', '42501', 'funds:export is not held',
    'to read is not to export'
);
set local role fundwarden_owner;
select is(
    (
        select l.new_values
        from audit.permission_audit_log as l
        where l.action = 'EXPORT'
        order by l.id desc
        limit 1
    ) - 'filter',
    '{"resource": "funds", "user_id": 9101, "rows": 1}', 'an export is logged with its rows'
);
select results_eq(
    $$
    select rule_id, in_force, reason from authz.explain_data_permissions(9103, 'funds')
    order by rule_id
    $$,
    $$
    values (9501::bigint, false, 'it is about another user'),
    (9502, false, 'the user is on its whitelist')
    $$,
    'the owner is told why a rule is not in force'
);

insert into authz.column_permissions (id, dataset, column_name, dimension, subject, mode, mask)
values (9511, 'funds', 'amount', 'role', '9702', 'mask', '{"kind": "bucket", "width": 25}'),
(9512, 'funds', 'handle_by', 'user', '9101', 'disable', null);
select pg_temp.be(9101);
select results_eq(
    'select fund_id, amount, handle_by from finance.page_authorized_funds()',
    $$values (9401::bigint, 0::numeric, null::bigint), (9403, 25, null)$$,
    'a page shows masked columns masked'
);
select results_eq(
    'select id, amount, handle_by from secure.funds order by id',
    $$values (9401::bigint, 0::numeric, null::bigint), (9403, 25, null)$$, 'as the view does'
);
select results_eq(
    'select fund_id, amount, handle_by from finance.export_funds()',
    $$values (9401::bigint, 0::numeric, null::bigint)$$, 'and an export'
);
select throws_ok(
    'select amount from finance.financial_funds', '42501', null, 'the table does not show them'
);
select throws_ok(
    'select f from finance.financial_funds as f', '42501', null, 'nor a whole row'
);
select results_eq(
    'select id from finance.financial_funds order by id', '{9401,9403}'::bigint [],
    'but the rest of them'
);
select throws_ok(
    $$select * from finance.page_authorized_funds(sort_by => 'amount')$$, '22023',
    'sort_by amount: the column is masked for this user', 'nobody sorts by what is masked'
);
select throws_ok(
    'select finance.count_authorized_funds(min_amount => 15)', '22023',
    'min_amount: the column is masked for this user', 'nor filters'
);
select throws_ok(
    $$select finance.update_fund(9401, '{"amount": 1}')$$, '42501',
    'changes: amount is masked for this user', 'nor changes it'
);
select is_empty(
    $$
    select from finance.explain_fund_access(9101, 9401)
    where owner_kind = 'handler' and owner_id is not null
    $$,
    'nor is told it by the way'
);

set local role fundwarden_owner;
update authz.settings set data_permissions = 'log';
select pg_temp.be(9101);
select is(finance.count_authorized_funds(), 4::bigint, 'at log everything is shown');
select is((select sum(amount) from secure.funds), 101::numeric, 'unmasked');
set local role fundwarden_owner;
select results_eq(
    $$
    select rule_id, user_id, hidden
    from ops.data_permission_effects() where rule_id is null or rule_id < 9510 order by rule_id
    $$,
    $$values (9501::bigint, 9101::bigint, 2::bigint), (null, 9101, 2)$$,
    'and counted: by the total, and by the view'
);
update authz.settings set data_permissions = 'off';
select is_empty(
    $$select from pg_policy as p where p.polname like 'data\_permission\_%'$$,
    'switched off, nothing is left of the rules'
);
select is(
    (
        select l.new_values
        from audit.permission_audit_log as l
        where l.table_name = 'authz.settings'
        order by l.id desc
        limit 1
    ),
    '{"data_permissions": "off"}', 'and the switch is logged'
);
select authz.unregister_dataset('funds');
select is(to_regclass('secure.funds'), null, 'an unregistered dataset has no view');
select ok(
    has_table_privilege('fundwarden_app', 'finance.financial_funds', 'select'),
    'and its table is read as before'
);

select * from finish();
rollback;
