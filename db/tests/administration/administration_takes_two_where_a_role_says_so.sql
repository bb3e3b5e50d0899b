-- One asks, another approves: a role that requires approval, and those that inherit from it.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(24);
grant all on all tables in schema pg_temp to public;
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code, kind)
values (9001, null, 'acme', 'organization'), (9002, 9001, 'north', 'region');
insert into authz.users (id, username, base_unit_id)
values (9101, 'ann', 9001), (9102, 'bob', 9002), (9103, 'abe', 9001), (9104, 'carl', 9002);
insert into authz.user_roles (user_id, role_id, unit_id)
select u.id, r.id, 9001
from authz.roles as r
cross join (values (9101), (9103)) as u (id)
where r.code = 'admin' and r.tenant_id is null;
insert into authz.roles (id, tenant_id, parent_role_id, code, requires_approval)
values (9501, 9001, null, 'treasurer', true), (9502, 9001, 9501, 'senior', false);
create temporary table noted (name text, id bigint);
grant all on noted to public;
create function pg_temp.id_of(noted_name text) returns bigint
language sql stable as 'select n.id from noted as n where n.name = noted_name';
grant execute on function pg_temp.id_of(text) to public;

set local role fundwarden_trusted;
select lives_ok('select authz.act_as(9101)', 'ann signs in');
set local role fundwarden_app;
select throws_ok(
    'select authz.assign_role(9102, 9501, 9002)', '22023', 'reason is blank or too long',
    'a request says what it is for'
);
insert into noted
select c.status, c.id
from authz.assign_role(9102, 9501, 9002, valid_until => '2999-01-01', reason => 'holiday') as c;
select is((select n.name from noted as n), 'pending', 'what needs approval is asked for');
select results_eq(
    $$select user_id, role_id, status, reason, requested_by from authz.list_requests()$$,
    $$values (9102::bigint, 9501, 'pending', 'holiday', 9101::bigint)$$, 'who asked sees it'
);
select throws_ok(
    format('select authz.approve_request(%s)', pg_temp.id_of('pending')), '42501',
    'request_id: a second person decides', 'and does not approve it'
);
select throws_ok(
    format($$select authz.reject_request(%s, 'no')$$, pg_temp.id_of('pending')), '42501',
    'request_id: a second person decides', 'nor reject it'
);
insert into noted
select 'inherited', c.id from authz.assign_role(9104, 9502, 9002, reason => 'also') as c;
select is(
    (
        select status from authz.list_requests()
        where request_id = pg_temp.id_of('inherited')
    ),
    'pending', 'a role that inherits from one takes two as well'
);

set local role fundwarden_trusted;
select lives_ok('select authz.act_as(9102)', 'bob signs in');
set local role fundwarden_app;
select results_eq(
    'select request_id from authz.list_requests()',
    format('values (%s::bigint)', pg_temp.id_of('pending')), 'and sees what is asked for him alone'
);
select throws_ok(
    format('select authz.approve_request(%s)', pg_temp.id_of('pending')), '42501',
    'request_id: not allowed', 'which he does not approve'
);

set local role fundwarden_trusted;
select lives_ok('select authz.act_as(9103)', 'abe signs in');
set local role fundwarden_app;
select throws_ok(
    format($$select authz.reject_request(%s, ' ')$$, pg_temp.id_of('inherited')), '22023',
    'reason is blank or too long', 'a rejection says why'
);
select results_eq(
    format($$select status from authz.reject_request(%s, 'enough')$$, pg_temp.id_of('inherited')),
    $$values ('done')$$, 'a second person rejects'
);
select results_eq(
    format($$select status from authz.approve_request(%s, 'fine')$$, pg_temp.id_of('pending')),
    $$values ('done')$$, 'or approves'
);
select throws_ok(
    format('select authz.approve_request(%s)', pg_temp.id_of('pending')), '23514', null, 'once'
);
select is_empty('select request_id from authz.list_requests()', 'nothing is pending');
select bag_eq(
    'select status, decided_by, decision_reason from authz.list_requests(false)',
    $$values ('approved', 9103::bigint, 'fine'), ('rejected', 9103, 'enough')$$,
    'what was decided is kept'
);
set local role fundwarden_owner;
select results_eq(
    $$select unit_id, valid_until from authz.user_roles where user_id = 9102 and role_id = 9501$$,
    $$values (9002, '2999-01-01'::timestamptz)$$, 'the grant is the one that was asked for'
);
select is_empty(
    'select from authz.user_roles where user_id = 9104', 'what was rejected was not given'
);

-- Withdrawn, expired.
set local role fundwarden_trusted;
select lives_ok('select authz.act_as(9101)', 'ann signs in again');
set local role fundwarden_app;
insert into noted
select 'second', c.id from authz.assign_role(9104, 9501, 9002, reason => 'again') as c
union all
select 'third', c.id from authz.assign_role(9104, 9501, 9002, reason => 'again') as c;
select lives_ok(
    format($$select authz.withdraw_request(%s, 'a mistake')$$, pg_temp.id_of('second')),
    'who asked withdraws'
);
set local role fundwarden_owner;
insert into authz_private.clock_override (instant) values (clock_timestamp() + interval '8 days');
set local role fundwarden_app;
select is(
    (
        select status from authz.list_requests(false)
        where request_id = pg_temp.id_of('third')
    ),
    'expired', 'a request is open for seven days'
);
set local role fundwarden_trusted;
select lives_ok('select authz.act_as(9103)', 'abe comes late');
set local role fundwarden_app;
select throws_ok(
    format('select authz.approve_request(%s)', pg_temp.id_of('third')), '23514', null,
    'and does not approve it any more'
);

select * from finish();
rollback;
