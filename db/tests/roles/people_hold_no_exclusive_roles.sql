-- Separation of duties, against plain DML of the owner as well.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(22);
grant all on all tables in schema pg_temp to public;
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code)
values (9001, null, 'acme'), (9002, 9001, 'north'), (9011, null, 'zeta');
insert into authz.users (id, username, base_unit_id)
values (9101, 'ann', 9001), (9102, 'bob', 9002), (9103, 'carl', 9002), (9111, 'zoe', 9011);
insert into authz.roles (id, tenant_id, parent_role_id, code)
values
(9501, 9001, null, 'maker'), (9502, 9001, null, 'checker'), (9503, 9001, 9501, 'senior_maker'),
(9504, 9001, null, 'other'), (9511, 9011, null, 'zeta'), (9505, 9001, null, 'empty'),
(9521, null, null, 'platform_a'), (9522, null, null, 'platform_b');

insert into authz.exclusive_roles (role_id, other_role_id) values (9502, 9501);
select results_eq(
    'select tenant_id, role_id, other_role_id from authz.exclusive_roles',
    'values (9001, 9501, 9502)', 'a pair has one order and the tenant of its roles'
);
select throws_ok(
    'insert into authz.exclusive_roles (role_id, other_role_id) values (9501, 9502)', '23505',
    null, 'and is declared once'
);
select throws_ok(
    'insert into authz.exclusive_roles (role_id, other_role_id) values (9501, 9501)', '23514',
    null, 'of two roles'
);
select throws_ok(
    'insert into authz.exclusive_roles (role_id, other_role_id) values (9501, 9511)', '23514',
    'roles 9501 and 9511 are not of one tenant', 'of one tenant'
);

insert into authz.user_roles (id, user_id, role_id, unit_id)
values (9601, 9101, 9501, 9001), (9602, 9102, 9503, 9002), (9603, 9103, 9504, 9002);
select throws_ok(
    'insert into authz.user_roles (user_id, role_id, unit_id) values (9101, 9502, 9002)', '23514',
    'user 9101 cannot hold the roles 9501 and 9502 at the same time', 'nobody is given both'
);
select throws_ok(
    'insert into authz.user_roles (user_id, role_id) values (9102, 9502)', '23514',
    'user 9102 cannot hold the roles 9503 and 9502 at the same time', 'nor through the hierarchy'
);
select throws_ok(
    'insert into authz.user_roles (user_id, role_id) values (9103, 9501), (9103, 9502)', '23514',
    null, 'nor both in one statement'
);
select throws_ok(
    'update authz.user_roles set user_id = 9101, role_id = 9502 where id = 9603', '23514', null,
    'nor by a change of a grant'
);
select lives_ok(
    $$insert into authz.user_roles (id, user_id, role_id, valid_until)
    values (9604, 9103, 9501, '2999-01-01')$$, 'one half is'
);
select throws_ok(
    $$insert into authz.user_roles (user_id, role_id, valid_from)
    values (9103, 9502, '2998-12-31')$$, '23514', null, 'not while windows overlap'
);
select lives_ok(
    $$insert into authz.user_roles (id, user_id, role_id, valid_from)
    values (9605, 9103, 9502, '2999-01-01')$$, 'one after the other'
);
select throws_ok(
    'update authz.user_roles set valid_until = null where id = 9604', '23514', null,
    'and no window grows into the other'
);
select lives_ok(
    $$insert into authz.user_roles (user_id, role_id, valid_until)
    values (9101, 9502, '2020-01-01')$$, 'what is over excludes nothing'
);

-- The hierarchy.
select throws_ok(
    'update authz.roles set parent_role_id = 9501 where id = 9502', '23514',
    'role 9502 would have the roles 9501 and 9502', 'no role has both'
);
select throws_ok(
    $$insert into authz.roles (tenant_id, parent_role_id, code) values (9001, 9503, 'fine');
    insert into authz.exclusive_roles (role_id, other_role_id) values (9501, 9503)$$, '23514',
    null, 'nor is a pair declared of a role and one above it'
);
insert into authz.user_roles (user_id, role_id) values (9101, 9504);
select throws_ok(
    'update authz.roles set parent_role_id = 9502 where id = 9504', '23514',
    'user 9101 holds the roles 9501 and 9504 at the same time',
    'nor does anybody come to hold both by a new parent'
);
select lives_ok(
    'update authz.roles set parent_role_id = 9502 where id = 9505', 'who holds none does not mind'
);

-- A pair declared late.
select throws_ok(
    'insert into authz.exclusive_roles (role_id, other_role_id) values (9501, 9504)', '23514',
    'user 9101 holds the roles 9501 and 9504 at the same time',
    'a pair is not declared while somebody holds both'
);
insert into authz.user_roles (user_id, role_id)
values (9101, 9521), (9101, 9522), (9111, 9521);
select throws_ok(
    'insert into authz.exclusive_roles (role_id, other_role_id) values (9521, 9522)', '23514',
    null, 'platform roles everywhere'
);
select lives_ok(
    'insert into authz.exclusive_roles (tenant_id, role_id, other_role_id)
    values (9011, 9521, 9522)', 'or in one tenant, where nobody does'
);
select throws_ok(
    'insert into authz.user_roles (user_id, role_id) values (9111, 9522)', '23514', null,
    'where it binds'
);
select is_empty(
    $$
    select t.tgname
    from pg_trigger as t
    inner join pg_proc as p on t.tgfoid = p.oid
    where p.proname like 'tg\_exclusive\_%' and t.tgenabled <> 'A'
    $$,
    'whatever the replication role'
);

select * from finish();
rollback;
