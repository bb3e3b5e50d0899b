-- A switch turned off anywhere between a user and a fund: the user, the role, the unit.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(19);
grant all on all tables in schema pg_temp to public;
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code)
values (9001, null, 'acme'), (9002, 9001, 'north'), (9003, 9002, 'berlin');
insert into authz.users (id, username, base_unit_id)
values (9101, 'ann', 9001), (9102, 'bob', 9002), (9103, 'carl', 9003);
insert into finance.financial_funds (id, handle_by, amount) values (9401, 9102, 1), (9402, 9103, 2);
insert into authz.roles (id, code) values (9701, 'watcher');
insert into authz.role_permissions (role_id, permission_id)
select 9701, p.id
from authz.permissions as p
where p.resource in ('finance.funds', 'directory.users')
    and p.action = 'read'
    and p.scope in ('team', 'own');
insert into authz.user_roles (id, user_id, role_id, unit_id)
values (9601, 9101, 9701, 9002), (9602, 9102, 9701, 9003);

create temporary view answers as
select
    array(select p.fund_id from finance.page_authorized_funds(9101) as p order by 1) as funds,
    finance.count_authorized_funds(9101) as total,
    (select s.unit_ids from authz.user_scope(9101, 'funds', 'read') as s) as units,
    array(select s.user_id from authz.subordinates(9101) as s order by 1) as people,
    (select count(*) from authz.supervisors as v where v.user_id = 9101) as supervises;

select row_eq(
    'select funds, total, units, people, supervises from answers',
    row(
        '{9401,9402}'::bigint [], 2::bigint, '{9002,9003}'::int [], '{9102,9103}'::bigint [],
        1::bigint
    ),
    'all on: everything'
);

update authz.users set is_active = false where id = 9101;
select row_eq(
    'select funds, total, units, people, supervises from answers',
    row('{}'::bigint [], 0::bigint, '{}'::int [], '{}'::bigint [], 0::bigint),
    'an inactive user gets nothing, and asking is no error'
);
select is(array_agg(distinct reason), '{"the user is inactive"}', 'and the explanation says so')
from finance.explain_fund_access(9101, 9401);
set local role fundwarden_trusted;
select throws_ok(
    'select authz.act_as(9101)', '28000', 'identity refused', 'nobody acts as an inactive user'
);
set local role fundwarden_owner;
update authz.users set is_active = true where id = 9101;

-- Signed in first, deactivated then.
set local role fundwarden_trusted;
select lives_ok('select authz.act_as(9101)', 'an active user signs in');
set local role fundwarden_app;
select is(authz.current_user_id(), 9101::bigint, 'and is known');
set local role fundwarden_owner;
update authz.users set is_active = false where id = 9101;
set local role fundwarden_app;
select is(authz.current_user_id(), null, 'deactivated meanwhile, the user is nobody');
select throws_ok(
    'select * from finance.page_authorized_funds()', '28000', 'nobody is signed in',
    'who gets no page'
);
set local role fundwarden_owner;
update authz.users set is_active = true where id = 9101;

update authz.roles set is_active = false where id = 9701;
select row_eq(
    'select funds, total, units, people, supervises from answers',
    row('{}'::bigint [], 0::bigint, '{}'::int [], '{}'::bigint [], 0::bigint),
    'an inactive role gives nothing'
);
select is(array_agg(distinct reason), '{"the role is inactive"}', 'and the explanation says so')
from finance.explain_fund_access(9101, 9401);
update authz.roles set is_active = true where id = 9701;

update authz.org_units set is_active = false where id = 9002;
select row_eq(
    'select funds, total, units, people, supervises from answers',
    row('{}'::bigint [], 0::bigint, '{}'::int [], '{}'::bigint [], 0::bigint),
    'a grant at an inactive unit gives nothing, below it neither'
);
select is(
    array_agg(distinct reason) filter (where permission = 'funds:read:team'),
    '{"the unit is inactive"}', 'and the explanation says so'
)
from finance.explain_fund_access(9101, 9401);
select is(
    array(select p.fund_id from finance.page_authorized_funds(9102) as p), '{9401,9402}',
    'a grant below the inactive unit holds: it is switched off where it is, not below'
);
update authz.org_units set is_active = true where id = 9002;

-- What lies in an inactive unit, and what an inactive user owns, is not out of everybody's sight.
update authz.org_units set is_active = false where id = 9003;
update authz.users set is_active = false where id = 9103;
select row_eq(
    'select funds, total, units, people, supervises from answers',
    row(
        '{9401,9402}'::bigint [], 2::bigint, '{9002,9003}'::int [], '{9102,9103}'::bigint [],
        1::bigint
    ),
    'seen from above, an inactive unit and an inactive owner change nothing'
);
update authz.org_units set is_active = true where id = 9003;
update authz.users set is_active = true where id = 9103;

-- A membership and a grant without a unit.
update authz.user_roles set unit_id = null where id = 9601;
select is(units, '{9001,9002,9003}', 'a grant without a unit holds at the base unit') from answers;
update authz.org_units set is_active = false where id = 9001;
select is(units, '{}', 'unless that is inactive') from answers;
insert into authz.memberships (user_id, unit_id) values (9101, 9003);
select is(units, '{9003}', 'and holds at a membership') from answers;
update authz.org_units set is_active = false where id = 9003;
select is(units, '{}', 'unless its unit is inactive') from answers;
select is(
    array(select s.unit_id from authz.supervisors as s where s.user_id = 9101 order by 1), '{}',
    'who oversees no unit supervises none'
);

select * from finish();
rollback;
