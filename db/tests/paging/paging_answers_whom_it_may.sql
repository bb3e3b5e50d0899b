-- Who may ask about whom, and for how long somebody is somebody.
begin;
set local role fundwarden_owner;
insert into authz.org_units (id, parent_id, code) values (9001, null, 'acme');
insert into authz.users (id, username, base_unit_id) values (9101, 'ann', 9001);
set local role fundwarden_trusted;
select authz.act_as(9101);
select
    current_setting('fundwarden.identity') as left_over,
    authz.current_user_id() as signed_in
\gset
rollback;

begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(39);
grant all on all tables in schema pg_temp to public;
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code)
values (9001, null, 'acme'), (9002, 9001, 'north'), (9003, 9001, 'south'), (9011, null, 'other');
insert into authz.users (id, username, base_unit_id, is_active)
values
(9101, 'ann', 9001, true), (9102, 'bob', 9002, true), (9103, 'carl', 9003, true),
(9104, 'dora', 9002, false), (9111, 'eve', 9011, true);
insert into finance.financial_funds (id, handle_by, amount) values (9401, 9102, 1), (9402, 9103, 2);
insert into authz.user_roles (user_id, role_id, unit_id)
select g.user_id, r.id, g.unit_id
from (values (9101, 'supervisor', 9002), (9102, 'staff', null), (9103, 'staff', null))
    as g (user_id, role, unit_id)
inner join authz.roles as r on g.role = r.code and r.tenant_id is null;

create temporary table questions (question text, about text);
insert into questions (question, about)
values
('select * from finance.page_authorized_funds(%s)', 'supervisor_id'),
('select * from finance.count_authorized_funds(%s)', 'supervisor_id'),
('select * from finance.explain_fund_access(%s, 9401)', 'user_id'),
($$select * from authz.user_scope(%s, 'funds', 'read')$$, 'user_id');
grant select on questions to fundwarden_app;

-- An identity ends with its transaction.
select is(:'signed_in'::bigint, 9101::bigint, 'a transaction acted for a user');
select is(
    current_setting('fundwarden.identity'), '', 'what it wrote ended with it, and reads as empty'
);
set local role fundwarden_app;
select is(authz.current_user_id(), null, 'the next transaction acts for nobody');
select throws_ok(
    'select * from finance.page_authorized_funds()', '28000', 'nobody is signed in',
    'and gets no page'
);
select is(
    set_config('fundwarden.identity', :'left_over', true), :'left_over',
    'anybody may write the setting again'
);
select is(authz.current_user_id(), null, 'it is of another transaction: nobody');
select throws_ok(
    'select * from finance.page_authorized_funds()', '28000', 'nobody is signed in',
    'and still gets no page'
);
select is(set_config('fundwarden.identity', '9101', true), '9101', 'nor is a number alone');
select is(authz.current_user_id(), null, 'a user');

-- Nobody.
select throws_ok(
    format(q.question, i.id), '28000', 'nobody is signed in',
    format('nobody is refused: ' || q.question, i.id)
)
from questions as q
cross join (values ('null'), ('9101'), ('424242')) as i (id);
select throws_ok(
    'select authz.act_as(9101)', '42501', null, 'an application cannot say who it acts for'
);

-- Somebody, about themselves and others.
set local role fundwarden_trusted;
select lives_ok('select authz.act_as(9102)', 'bob signs in');
set local role fundwarden_app;
select results_eq(
    'select fund_id, total_count from finance.page_authorized_funds()',
    'values (9401::bigint, 1::bigint)', 'a user sees their own page'
);
select results_eq(
    'select fund_id, total_count from finance.page_authorized_funds(9102)',
    'values (9401::bigint, 1::bigint)', 'also when they name themselves'
);
select throws_ok(
    format(q.question, i.id), '42501', q.about || ': not allowed to ask about this user',
    format('bob is refused: ' || q.question, i.id)
)
from questions as q
-- In another unit, and nowhere at all: told apart by nothing.
cross join (values ('9103'), ('424242')) as i (id);

-- permissions:read in a unit is what it takes to ask about its people.
set local role fundwarden_owner;
insert into authz.roles (id, code) values (9701, 'access_reader');
insert into authz.role_permissions (role_id, permission_id)
select 9701, p.id
from authz.permissions as p
where p.resource = 'directory.permissions' and p.action = 'read' and p.scope = 'team';
insert into authz.user_roles (user_id, role_id, unit_id) values (9102, 9701, 9003);
set local role fundwarden_app;
select results_eq(
    'select fund_id from finance.page_authorized_funds(9103)', 'values (9402::bigint)',
    'who may read permissions in a unit may ask about its people'
);
select throws_ok(
    'select * from finance.page_authorized_funds(9101)', '42501',
    'supervisor_id: not allowed to ask about this user', 'and about those of no other'
);
select throws_ok(
    'select * from finance.page_authorized_funds(9111)', '42501',
    'supervisor_id: not allowed to ask about this user', 'nor of another tenant'
);

-- Trusted and operator may ask about anybody.
set local role fundwarden_trusted;
select results_eq(
    'select fund_id from finance.page_authorized_funds(9101)', 'values (9401::bigint)',
    'a trusted login may ask about anybody'
);
set local role fundwarden_operator;
select results_eq(
    'select fund_id from finance.page_authorized_funds(9101)', 'values (9401::bigint)',
    'so may an operator'
);
set local role fundwarden_auditor;
select throws_ok(
    'select * from finance.page_authorized_funds(9101)', '42501', null, 'an auditor may not'
);
set local role fundwarden_owner;

select * from finish();
rollback;
