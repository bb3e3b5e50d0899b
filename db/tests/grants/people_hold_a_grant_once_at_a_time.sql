-- Windows of the same grant touch, or leave room; they do not overlap, with or without an end.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(41);

insert into authz.org_units (id, parent_id, code)
values (9001, null, 'acme'), (9002, 9001, 'north');
insert into authz.users (id, username, base_unit_id) values (9101, 'ann', 9001);
insert into authz.policies (id, name) values (9301, 'look');

-- The same promises of each of the four tables.
create temporary table tables (name text primary key, column_name text, granted_id int);
insert into tables (name, column_name, granted_id)
values
('user_roles', 'role_id', (select r.id from authz.roles as r where r.code = 'staff')),
('user_policies', 'policy_id', 9301),
('user_permissions', 'permission_id', (
    select min(p.id) from authz.permissions as p where p.scope = 'team'
)),
('memberships', null, null);
create function pg_temp.give(name text, unit_id int, valid_from text, valid_until text)
returns text
language sql
begin atomic
    select format(
        'insert into authz.%I (user_id, %sunit_id, valid_from, valid_until) '
        'values (9101, %s%s, %L, %L)',
        t.name, t.column_name || ', ', t.granted_id || ', ', give.unit_id, give.valid_from,
        give.valid_until
    )
    from tables as t
    where t.name = give.name;
end;

select lives_ok(pg_temp.give(name, 9002, '2030-01-01', '2031-01-01'), name || ': a window')
from tables;
select lives_ok(pg_temp.give(name, 9002, '2031-01-01', null), name || ': one that touches it')
from tables;
select lives_ok(
    pg_temp.give(name, 9001, '2030-01-01', null), name || ': the same window at another unit'
)
from tables;
select throws_ok(
    pg_temp.give(name, 9002, '2030-12-31 23:59:59.999999', '2031-01-01'),
    '23P01', null, name || ': one that shares the last instant is refused'
)
from tables;
select throws_ok(
    pg_temp.give(name, 9002, null, '2030-01-01 00:00:00.000001'),
    '23P01', null, name || ': one that shares the first instant is refused'
)
from tables;
select throws_ok(
    pg_temp.give(name, 9002, null, null),
    '23P01', null, name || ': one without a window is refused beside one with'
)
from tables;
select throws_ok(
    format(
        'update authz.%I set valid_from = null, valid_until = null '
        'where user_id = 9101 and unit_id = 9002 and valid_until is null', name
    ),
    '23P01', null, name || ': nor is a window taken away beside another'
)
from tables;
select lives_ok(
    format('delete from authz.%I where user_id = 9101 and unit_id = 9002', name),
    name || ': taken away'
)
from tables;
select lives_ok(pg_temp.give(name, 9002, null, null), name || ': one without a window')
from tables;
select throws_ok(
    pg_temp.give(name, 9002, '2031-01-01', null),
    '23P01', null, name || ': one with a window is refused beside one without'
)
from tables;

select throws_ok(
    $$
    insert into authz.user_roles (user_id, role_id, unit_id, inherit_to_descendants)
    select 9101, t.granted_id, 9002, false from tables as t where t.name = 'user_roles'
    $$,
    '23505', null, 'inherited or not, it is the same grant'
);

select * from finish();
rollback;
