-- Subordinates: the people of the units where a user may read users, and how far below they are.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(19);
grant all on all tables in schema pg_temp to public;
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code, kind)
values
(9001, null, 'acme', 'organization'),
(9002, 9001, 'north', 'region'),
(9003, 9002, 'berlin', 'office'),
(9004, 9003, 'desk', 'team'),
(9005, 9001, 'south', 'region'),
(9011, null, 'other', 'organization');
insert into authz.users (id, username, base_unit_id, is_active)
values
(9101, 'ann', 9001, true),
(9102, 'bob', 9002, true),
(9103, 'carl', 9003, true),
(9104, 'dora', 9004, false),
(9105, 'emil', 9005, true),
(9111, 'eve', 9011, true);
insert into authz.user_roles (id, user_id, role_id, unit_id, inherit_to_descendants)
select g.id, g.user_id, r.id, g.unit_id, g.inherited
from (
    values
    (9601, 9101, 'supervisor', 9002, true),
    (9602, 9102, 'supervisor', null, true),
    (9603, 9103, 'supervisor', 9003, false),
    (9604, 9105, 'staff', null, true),
    (9605, 9111, 'admin', null, true)
) as g (id, user_id, role, unit_id, inherited)
inner join authz.roles as r on g.role = r.code and r.tenant_id is null;

select results_eq(
    'select * from authz.subordinates(9101) order by 1',
    'values (9102::bigint, 0), (9103, 1), (9104, 2)',
    'people of the unit and below, active or not, with their depth below it'
);
select results_eq(
    'select * from authz.subordinates(9102) order by 1',
    'values (9103::bigint, 1), (9104, 2)',
    'a grant without a unit is at the base unit, and nobody is below themselves'
);
select is_empty(
    'select * from authz.subordinates(9103)', 'not inherited, it does not reach below the unit'
);
select is_empty(
    'select * from authz.subordinates(9105)', 'who may not read users has nobody below'
);
select is_empty(
    'select * from authz.subordinates(9111)', 'people of another tenant are not below'
);

select is(subordinates, 3::bigint, 'supervisors counts who is below')
from authz.supervisors
where user_id = 9101 and unit_id = 9002;

insert into authz.user_roles (id, user_id, role_id, unit_id)
select 9606, 9101, r.id, 9004
from authz.roles as r
where r.code = 'supervisor' and r.tenant_id is null;
select results_eq(
    'select * from authz.subordinates(9101) order by 1',
    'values (9102::bigint, 0), (9103, 1), (9104, 0)',
    'in two units of oversight the nearest counts, and each person once'
);
select lives_ok('select authz.move_unit(9004, 9005)', 'a unit moves away');
select results_eq(
    'select * from authz.subordinates(9102) order by 1',
    'values (9103::bigint, 1)', 'who is in it is below no longer'
);

-- The kinds region and organization reach from the nearest such unit above.
insert into authz.roles (id, code) values (9701, 'regional'), (9702, 'national');
insert into authz.role_permissions (role_id, permission_id)
select r.id, p.id
from (values (9701, 'region'), (9702, 'organization')) as r (id, scope)
inner join authz.permissions as p
    on p.resource = 'directory.users' and p.action = 'read' and r.scope = p.scope::text;
update authz.user_roles set role_id = 9701, inherit_to_descendants = false where id = 9603;
select results_eq(
    'select * from authz.subordinates(9103) order by 1',
    'values (9102::bigint, 0)', 'a region reaches all of the region'
);
update authz.user_roles set role_id = 9702 where id = 9603;
select results_eq(
    'select * from authz.subordinates(9103) order by 1',
    'values (9101::bigint, 0), (9102, 1), (9104, 2), (9105, 1)',
    'an organization reaches all of it, and no other'
);

-- Asking.
set local role fundwarden_app;
select throws_ok(
    'select * from authz.subordinates(null)', '28000', 'nobody is signed in',
    'nobody signed in is refused'
);
select throws_ok(
    'select * from authz.subordinates(9101)', '28000', 'nobody is signed in',
    'whomever they ask about'
);
set local role fundwarden_trusted;
select throws_ok(
    'select * from authz.subordinates(424242)', '22023', 'user_id 424242 does not exist',
    'who may ask about anybody is told that there is no such user'
);
select lives_ok('select authz.act_as(9102)', 'bob signs in');
set local role fundwarden_app;
select results_eq(
    'select * from authz.subordinates(null)', 'values (9103::bigint, 1)',
    'null is the user signed in'
);
select throws_ok(
    'select * from authz.subordinates(9101)', '42501',
    'user_id: not allowed to ask about this user', 'another user is refused'
);
select throws_ok(
    'select * from authz.subordinates(424242)', '42501',
    'user_id: not allowed to ask about this user', 'and one who is not there no differently'
);
set local role fundwarden_owner;

insert into authz.user_roles (user_id, role_id, unit_id)
select 9102, r.id, u.base_unit_id
from authz.roles as r
inner join authz.users as u on u.id = 9102
where r.code in ('admin', 'supervisor');
select is(
    (select sum(s.subordinates) from authz.supervisors as s where s.user_id = 9102), 1::numeric,
    'two grants at one unit oversee nobody twice'
);

select * from finish();
rollback;
