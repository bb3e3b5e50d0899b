-- [valid_from, valid_until): the first instant counts, the last does not.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(33);
grant all on all tables in schema pg_temp to public;
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code)
values (9001, null, 'acme'), (9002, 9001, 'north'), (9003, 9001, 'south');
insert into authz.users (id, username, base_unit_id)
values (9101, 'ann', 9001), (9102, 'bob', 9003), (9103, 'carl', 9002), (9104, 'dora', 9003);
insert into finance.financial_funds (id, handle_by, amount) values (9401, 9103, 1), (9402, 9104, 2);

-- ann holds one grant and then another; bob belongs to south, and to north within a window.
insert into authz.user_roles (id, user_id, role_id, unit_id, valid_from, valid_until)
select g.id, g.user_id, r.id, g.unit_id, g.valid_from::timestamptz, g.valid_until::timestamptz
from (
    values
    (9601, 9101, 9002, '2030-01-01 00:00+00', '2031-01-01 00:00+00'),
    (9602, 9101, 9003, '2031-01-01 00:00+00', null),
    (9603, 9102, null, null, null)
) as g (id, user_id, unit_id, valid_from, valid_until)
inner join authz.roles as r on r.code = 'supervisor' and r.tenant_id is null;
insert into authz.memberships (user_id, unit_id, valid_from, valid_until)
values (9102, 9002, '2030-01-01 00:00+00', '2031-01-01 00:00+00');

create temporary view answers as
select
    array(select p.fund_id from finance.page_authorized_funds(9101) as p order by 1) as ann_sees,
    finance.count_authorized_funds(9101) as ann_counts,
    (select s.unit_ids from authz.user_scope(9101, 'funds', 'read') as s) as ann_reaches,
    array(select s.user_id from authz.subordinates(9101) as s order by 1) as ann_oversees,
    array(select v.unit_id from authz.supervisors as v where v.user_id = 9101) as ann_supervises,
    array(select p.fund_id from finance.page_authorized_funds(9102) as p order by 1) as bob_sees,
    (select s.unit_ids from authz.user_scope(9102, 'funds', 'read') as s) as bob_reaches;

insert into authz_private.clock_override (instant) values ('2029-12-31 23:59:59.999999+00');
select is(authz.clock(), '2029-12-31 23:59:59.999999+00', 'the owner sets the clock of windows');
select is(ann_sees, '{}', 'before valid_from: no fund') from answers;
select is(ann_counts, 0::bigint, 'before valid_from: none counted') from answers;
select is(ann_reaches, '{}', 'before valid_from: no unit') from answers;
select is(ann_oversees, '{}', 'before valid_from: nobody below') from answers;
select is(ann_supervises, '{}', 'before valid_from: supervises nothing') from answers;
select is(bob_sees, '{9402}', 'before a membership: funds of the base unit') from answers;
select is(bob_reaches, '{9003}', 'before a membership: the base unit') from answers;
select is(reason, 'the grant is not valid yet', 'before valid_from: said why')
from finance.explain_fund_access(9101, 9401)
where grant_id = 9601;

update authz_private.clock_override set instant = '2030-01-01 00:00+00';
select is(ann_sees, '{9401}', 'at valid_from: the fund') from answers;
select is(ann_counts, 1::bigint, 'at valid_from: one counted') from answers;
select is(ann_reaches, '{9002}', 'at valid_from: the unit') from answers;
select is(ann_oversees, '{9103}', 'at valid_from: who is below') from answers;
select is(ann_supervises, '{9002}', 'at valid_from: supervises it') from answers;
select is(bob_sees, '{9401,9402}', 'at the start of a membership: its funds too') from answers;
select is(bob_reaches, '{9002,9003}', 'at the start of a membership: its unit too') from answers;
select ok(is_visible, 'at valid_from: explained')
from finance.explain_fund_access(9101, 9401)
where grant_id = 9601;

update authz_private.clock_override set instant = '2030-12-31 23:59:59.999999+00';
select is(ann_sees, '{9401}', 'before valid_until: still the fund') from answers;
select is(bob_sees, '{9401,9402}', 'before the end of a membership: still its funds') from answers;

update authz_private.clock_override set instant = '2031-01-01 00:00+00';
select is(ann_sees, '{9402}', 'at valid_until of one and valid_from of the next: the next alone')
from answers;
select is(ann_counts, 1::bigint, 'at valid_until: counted once') from answers;
select is(ann_reaches, '{9003}', 'at valid_until: the next unit alone') from answers;
select is(ann_oversees, '{9102,9104}', 'at valid_until: who is below the next') from answers;
select is(ann_supervises, '{9003}', 'at valid_until: supervises the next') from answers;
select is(bob_sees, '{9402}', 'at the end of a membership: the base unit again') from answers;
select is(bob_reaches, '{9003}', 'at the end of a membership: its unit no longer') from answers;
select is(reason, 'the grant has expired', 'at valid_until: said why')
from finance.explain_fund_access(9101, 9401)
where grant_id = 9601;

update authz_private.clock_override set instant = 'infinity';
select is(ann_sees, '{9402}', 'a null valid_until never comes') from answers;
delete from authz_private.clock_override;
select is(authz.clock(), statement_timestamp(), 'not set, the clock tells the time');

select throws_ok(
    $$update authz.user_roles set valid_until = valid_from where id = 9601$$,
    '23514', null, 'a grant without an instant is refused'
);
select throws_ok(
    $$update authz.memberships set valid_until = valid_from where user_id = 9102$$,
    '23514', null, 'a membership without an instant is refused'
);
set local role fundwarden_trusted;
select throws_ok(
    'select * from authz_private.clock_override', '42501', null, 'no caller reads the override'
);
select throws_ok(
    $$insert into authz_private.clock_override (instant) values ('2000-01-01')$$,
    '42501', null, 'no caller sets the clock'
);
set local role fundwarden_owner;

select * from finish();
rollback;
