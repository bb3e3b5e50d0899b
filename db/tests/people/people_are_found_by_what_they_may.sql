-- Who may do this here: from the view and from the tables, whichever way the permission came.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(13);
grant all on all sequences in schema pg_temp to public;

update authz.settings set refresh_mode = 'manual';
insert into authz.org_units (id, parent_id, code)
values (9001, null, 'acme'), (9002, 9001, 'north'), (9003, 9002, 'berlin'), (9004, 9001, 'south');
insert into authz.users (id, username, base_unit_id)
select g, 'person ' || g, 9004 from generate_series(9101, 9110) as g;
update authz.users set base_unit_id = 9002 where id in (9105, 9106, 9107);

-- Of each way one, and none of the scopes that reach beyond the unit.
insert into authz.policies (id, name) values (9501, 'watching');
insert into authz.permissions (id, resource, action, scope)
values (9901, 'finance.funds', 'export', 'team');
insert into authz.policy_permissions (policy_id, permission_id) values (9501, 9901);
insert into authz.roles (id, code, parent_role_id)
values (9701, 'by_policy', null), (9702, 'by_parent', 9701), (9703, 'by_permission', null);
insert into authz.role_policies (role_id, policy_id) values (9701, 9501);
insert into authz.role_permissions (role_id, permission_id) values (9703, 9901);
insert into authz.user_roles (user_id, role_id, unit_id)
values (9101, 9701, 9002), (9102, 9702, 9001), (9103, 9703, 9003);
insert into authz.user_policies (user_id, policy_id, unit_id) values (9104, 9501, 9002);
-- Wherever they belong: the base unit, and a membership.
insert into authz.user_roles (user_id, role_id) values (9105, 9702);
insert into authz.user_permissions (user_id, permission_id) values (9106, 9901), (9108, 9901);
insert into authz.memberships (user_id, unit_id) values (9108, 9003);
-- Elsewhere, denied, over.
insert into authz.user_policies (user_id, policy_id, unit_id) values (9109, 9501, 9004);
insert into authz.policies (id, name, effect) values (9502, 'not watching', 'deny');
insert into authz.policy_permissions (policy_id, permission_id) values (9502, 9901);
insert into authz.user_policies (user_id, policy_id) values (9107, 9501), (9107, 9502);
insert into authz.user_policies (user_id, policy_id, unit_id, valid_until)
values (9110, 9501, 9002, '2020-01-01');

select ok(not authz_private.view_answers_for(null), 'the view does not answer: read the tables');
select is(
    array(select u.user_id from authz.users_with_permission('funds', 'export', 9003) as u),
    '{9101,9102,9103,9104,9105,9106,9108}'::bigint [],
    'every way is found, through parents and memberships too, in the order of ids'
);
select is(
    array(select u.user_id from authz.users_with_permission('funds', 'export', 9002) as u),
    '{9101,9102,9104,9105,9106}'::bigint [],
    'further up fewer reach'
);
select is(
    array(
        select u.user_id
        from authz.users_with_permission('funds', 'export', 9003, 9102, 2) as u
    ),
    '{9103,9104}'::bigint [],
    'after a user, as many as asked'
);
select is(
    array(select u.user_id from authz.users_with_permission('funds', 'export', 9003, 9108) as u),
    '{}'::bigint [],
    'nobody after the last'
);

select lives_ok('select authz.refresh_user_effective_policies()', 'refreshed');
select is(
    array(select u.user_id from authz.users_with_permission('funds', 'export', 9003) as u),
    '{9101,9102,9103,9104,9105,9106,9108}'::bigint [],
    'whatever is read, the answer is the same'
);
select is(
    array(
        select u.user_id
        from authz.users_with_permission('funds', 'export', 9003, 9102, 2) as u
    ),
    '{9103,9104}'::bigint [],
    'in pages too'
);

-- Nobody holds a role here that a template could ask a rank of, until somebody does.
insert into authz.roles (id, code, rank) values (9704, 'volunteer', 5);
insert into authz.user_roles (user_id, role_id, unit_id) values (9107, 9704, 9001);
insert into authz.permission_templates (unit_id, permission_key, min_role_rank)
values (9001, 'orders.export', 5);
select is(
    array(select u.user_id from authz.users_with_permission('orders', 'export', 9003) as u),
    '{9107}'::bigint [],
    'by a template, for the rank of a role that carries nothing'
);
select throws_ok(
    'select * from authz.users_with_permission(''funds'', ''export'', 9003, 0, 2147483647)',
    '22023', 'page_size 2147483647 is out of range', 'a huge page is refused'
);
select throws_ok(
    'select * from authz.users_with_permission(''funds'', ''export'', 9003, 0, 0)',
    '22023', 'page_size 0 is out of range', 'so is an empty one'
);
select throws_ok(
    'select * from authz.users_with_permission(''funds'', ''export'', null)',
    '22023', 'unit_id is null', 'and no unit'
);
set local role fundwarden_app;
select throws_ok(
    'select * from authz.users_with_permission(''funds'', ''export'', 9003)',
    '28000', 'nobody is signed in', 'nobody may ask'
);

select * from finish();
rollback;
