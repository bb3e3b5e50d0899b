-- For a while, never more than the delegator holds at that instant, and never passed on.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(56);
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code, kind)
values (9001, null, 'acme', 'organization'), (9002, 9001, 'north', 'region'),
(9003, 9002, 'berlin', 'office'), (9004, 9001, 'south', 'region'),
(9900, null, 'zeta', 'organization');
insert into authz.users (id, username, base_unit_id)
values (9101, 'ann', 9001), (9102, 'bob', 9002), (9103, 'carl', 9002), (9104, 'dora', 9002),
(9105, 'eve', 9004), (9106, 'fred', 9001), (9900, 'zed', 9900);
insert into authz.roles (id, code, requires_approval)
values (9701, 'watcher', false), (9702, 'treasurer', true), (9703, 'checker', false),
(9704, 'maker', false);
insert into authz.role_permissions (role_id, permission_id)
select w.role_id, p.id
from (
    values (9701, 'finance.funds', 'read'), (9702, 'finance.orders', 'update'),
    (9703, 'finance.customers', 'read'), (9704, 'finance.customers', 'update')
) as w (role_id, resource, action)
inner join authz.permissions as p
    on w.resource::ltree = p.resource and w.action = p.action and p.scope = 'team'
    and p.conditions is null;
insert into authz.user_roles (id, user_id, role_id, unit_id)
values (9601, 9102, 9701, 9002), (9602, 9102, 9702, 9002), (9603, 9102, 9703, 9002);
insert into authz.user_roles (user_id, role_id, unit_id)
select u.id, r.id, 9001
from (values (9101), (9106)) as u (id)
cross join authz.roles as r
where r.code = 'admin';
insert into finance.financial_funds (id, handle_by, amount)
values (9401, 9102, 1), (9402, 9104, 2), (9403, 9105, 3);
insert into authz_private.clock_override (instant) values ('2026-03-01 12:00+00');

create function pg_temp.be(user_id bigint) returns void language sql as $$
    select set_config('role', 'fundwarden_trusted', true);
    select authz.act_as($1);
    select set_config('role', 'fundwarden_app', true);
$$;
create function pg_temp.may(user_id bigint, resource text, action text, unit_id int)
returns boolean language plpgsql as $$
declare
    was text := current_setting('role');
    answer boolean;
begin
    perform set_config('role', 'fundwarden_owner', true);
    answer := authz.check_user_permission($1, $2, $3, $4);
    perform set_config('role', was, true);
    return answer;
end
$$;
create function pg_temp.last_id() returns bigint language plpgsql as $$
declare
    was text := current_setting('role');
    answer bigint;
begin
    perform set_config('role', 'fundwarden_owner', true);
    answer := (select max(d.id) from authz.delegations as d);
    perform set_config('role', was, true);
    return answer;
end
$$;
grant execute on all functions in schema pg_temp to public;

-- Refused.
select throws_ok(
    $$select authz.delegate(9103, 'funds', 'read', 9002, '2026-03-09', 'away')$$,
    '28000', 'nobody is signed in', 'nobody delegates'
);
select pg_temp.be(9102);
select throws_ok(
    $$select authz.delegate(9103, 'funds', 'read', 9002, null, 'away')$$,
    '22023', 'valid_until is missing: a delegation has an end', 'an end is required'
);
select throws_ok(
    $$select authz.delegate(9103, 'funds', 'read', 9002, 'infinity', 'away')$$,
    '22023', 'valid_until is missing: a delegation has an end', 'for ever is no end'
);
select throws_ok(
    $$select authz.delegate(9103, 'funds', 'read', 9002, '2026-05-01', 'away')$$,
    '22023', 'valid_until is too far: a delegation lasts at most 30 days', 'nor is years'
);
select throws_ok(
    $$select authz.delegate(9103, 'funds', 'read', 9002, '2026-03-01 12:00+00', 'away')$$,
    '22023', 'valid_until is not after valid_from and now', 'nor one that is over'
);
select throws_ok(
    $$select authz.delegate(9103, 'funds', 'read', 9002, '2026-03-09', ' ')$$,
    '22023', 'reason is blank or too long', 'a reason is required'
);
select throws_ok(
    $$select authz.delegate(9102, 'funds', 'read', 9002, '2026-03-09', 'away')$$,
    '22023', 'delegate_id and delegator are the same user', 'to oneself'
);
select throws_ok(
    $$select authz.delegate(9103, 'funds', 'update', 9002, '2026-03-09', 'away')$$,
    '42501', 'resource, action, unit_id: not held by who delegates', 'what one does not hold'
);
select throws_ok(
    $$select authz.delegate(9103, 'funds', 'manage', 9002, '2026-03-09', 'away')$$,
    '42501', 'resource, action, unit_id: not held by who delegates', 'nor more than one holds'
);
select throws_ok(
    $$select authz.delegate(9103, 'finance', 'read', 9002, '2026-03-09', 'away')$$,
    '42501', 'resource, action, unit_id: not held by who delegates', 'nor more of the menu'
);
select throws_ok(
    $$select authz.delegate(9103, 'funds', 'read', 9001, '2026-03-09', 'away')$$,
    '42501', 'resource, action, unit_id: not held by who delegates', 'where one does not hold it'
);
select throws_ok(
    $$select authz.delegate(9103, 'funds', 'read', 77777, '2026-03-09', 'away')$$,
    '42501', 'resource, action, unit_id: not held by who delegates', 'where there is nothing'
);
select throws_ok(
    $$select authz.delegate(9900, 'funds', 'read', 9002, '2026-03-09', 'away')$$,
    '42501', 'delegate_id: not allowed', 'to another tenant'
);
select throws_ok(
    $$select authz.delegate(77777, 'funds', 'read', 9002, '2026-03-09', 'away')$$,
    '42501', 'delegate_id: not allowed', 'to nobody, told by nothing from one that is hidden'
);
select throws_ok(
    $$select authz.delegate(9105, 'funds', 'read', 9002, '2026-03-09', 'away')$$,
    '42501', 'delegate_id: not allowed', 'to one they do not know of'
);
select throws_ok(
    $$select authz.delegate(9103, 'gold', 'read', 9002, '2026-03-09', 'away')$$,
    '22023', null, 'of no such resource'
);

-- Given.
select lives_ok(
    $$select authz.delegate(9103, 'funds', 'read', 9002, '2026-03-09', 'away')$$,
    'what one holds is delegated'
);
select ok(pg_temp.may(9103, 'funds', 'read', 9002), 'the delegate may');
select ok(pg_temp.may(9103, 'funds', 'read', 9003), 'below as well');
select ok(not pg_temp.may(9103, 'funds', 'read', 9001), 'not above');
select ok(not pg_temp.may(9103, 'funds', 'update', 9002), 'nothing else');
select pg_temp.be(9103);
select results_eq(
    'select fund_id from finance.page_authorized_funds()', '{9401,9402}'::bigint [],
    'pages of funds show it'
);
select results_eq(
    'select id from finance.financial_funds order by id', '{9401,9402}'::bigint [],
    'as does the table'
);
select is(
    (
        select reason
        from authz.explain_user_permission(null, 'funds', 'read', 9002) as e
        where e.assignment_type = 'delegation'
    ),
    'decides', 'and the explanation says so'
);
select throws_ok(
    $$select authz.delegate(9104, 'funds', 'read', 9002, '2026-03-08', 'passed on')$$,
    '42501', 'resource, action, unit_id: not held by who delegates', 'it is not passed on'
);
select is(
    (select count(*) from authz.list_delegations()), 1::bigint, 'the delegate sees it listed'
);
select is(
    authz.next_access_change(null), '2026-03-09'::timestamptz, 'and knows when it ends'
);
set local role fundwarden_owner;
select is(
    array(select u.user_id from authz.users_with_permission('funds', 'read', 9003) as u),
    '{9101,9102,9103,9106}'::bigint [], 'who may is found with it'
);

-- Ends with the window, with the delegator, with their rights.
update authz_private.clock_override
set instant = (select d.valid_until from authz.delegations as d) - interval '1us';
select ok(pg_temp.may(9103, 'funds', 'read', 9002), 'up to the last instant');
update authz_private.clock_override
set instant = (select d.valid_until from authz.delegations as d);
select ok(not pg_temp.may(9103, 'funds', 'read', 9002), 'not at the end');
update authz_private.clock_override set instant = '2026-03-01 12:00+00';
update authz.users set is_active = false where id = 9102;
select ok(not pg_temp.may(9103, 'funds', 'read', 9002), 'not of an inactive delegator');
update authz.users set is_active = true where id = 9102;
update authz.user_roles set valid_until = '2026-03-01 12:00+00' where id = 9601;
select ok(
    not pg_temp.may(9103, 'funds', 'read', 9002), 'not when the delegator no longer holds it'
);
update authz.user_roles set valid_until = null, unit_id = 9003 where id = 9601;
select ok(
    not pg_temp.may(9103, 'funds', 'read', 9002) and pg_temp.may(9103, 'funds', 'read', 9003),
    'and only where the delegator does'
);
update authz.user_roles set unit_id = 9002 where id = 9601;
-- A deny of the delegate's own is stronger.
insert into authz.policies (id, name, effect) values (9501, 'no funds', 'deny');
insert into authz.policy_permissions (policy_id, permission_id)
select 9501, p.id from authz.permissions as p
where p.resource = 'finance.funds' and p.action = 'read' and p.scope = 'team';
insert into authz.user_policies (id, user_id, policy_id, unit_id) values (9502, 9103, 9501, 9003);
select ok(
    pg_temp.may(9103, 'funds', 'read', 9002) and not pg_temp.may(9103, 'funds', 'read', 9003),
    'a deny of the delegate wins'
);
delete from authz.user_policies where id = 9502;

-- Revoked.
select pg_temp.be(9104);
select throws_ok(
    format('select authz.revoke_delegation(%s)', pg_temp.last_id()),
    '42501', 'delegation_id: not allowed', 'somebody else does not revoke it'
);
select throws_ok(
    'select authz.revoke_delegation(0)', '42501', 'delegation_id: not allowed',
    'what is absent is refused alike'
);
select pg_temp.be(9102);
select lives_ok(
    format('select authz.revoke_delegation(%s, ''back'')', pg_temp.last_id()),
    'who delegated it revokes it'
);
select ok(not pg_temp.may(9103, 'funds', 'read', 9002), 'and it is gone');
select throws_ok(
    format('select authz.revoke_delegation(%s)', pg_temp.last_id()),
    '23514', format('delegation %s is not in force', pg_temp.last_id()), 'once'
);

-- What takes two to grant takes two to delegate.
select is(
    (authz.delegate(9103, 'orders', 'update', 9002, '2026-03-09', 'away')).status,
    'pending', 'what comes of a role that requires approval waits'
);
select ok(not pg_temp.may(9103, 'orders', 'update', 9002), 'and gives nothing yet');
select throws_ok(
    format('select authz.approve_delegation(%s)', pg_temp.last_id()),
    '42501', 'delegation_id: not allowed', 'who delegates does not approve'
);
select pg_temp.be(9101);
select lives_ok(
    format('select authz.approve_delegation(%s, ''fine'')', pg_temp.last_id()), 'a third does'
);
select ok(pg_temp.may(9103, 'orders', 'update', 9002), 'then it counts');
select throws_ok(
    format('select authz.reject_delegation(%s, ''no'')', pg_temp.last_id()),
    '23514', null, 'what was decided is not decided again'
);
select lives_ok(
    format('select authz.revoke_delegation(%s)', pg_temp.last_id()), 'an administrator revokes'
);

-- Asked for by who needs it.
select pg_temp.be(9103);
select is(
    (authz.request_delegation(9102, 'funds', 'read', 9002, '2026-03-09', 'bob is ill')).status,
    'pending', 'a request waits'
);
select throws_ok(
    $$select authz.request_delegation(9101, 'funds', 'read', 9001, '2026-03-09', 'please')$$,
    '42501', 'delegator_id: not allowed', 'of one they do not know of nothing is asked'
);
select pg_temp.be(9104);
select throws_ok(
    format('select authz.withdraw_delegation(%s)', pg_temp.last_id()),
    '42501', 'delegation_id: not allowed', 'another does not withdraw it'
);
select pg_temp.be(9106);
select throws_ok(
    format('select authz.reject_delegation(%s, null)', pg_temp.last_id()),
    '22023', 'reason is blank or too long', 'a rejection says why'
);
select lives_ok(
    format('select authz.reject_delegation(%s, ''no'')', pg_temp.last_id()), 'rejected'
);
select ok(not pg_temp.may(9103, 'funds', 'read', 9002), 'it gives nothing');

-- Roles that exclude each other do not meet by delegation.
set local role fundwarden_owner;
insert into authz.exclusive_roles (role_id, other_role_id) values (9703, 9704);
insert into authz.user_roles (user_id, role_id, unit_id) values (9103, 9704, 9003);
select pg_temp.be(9102);
select throws_ok(
    $$select authz.delegate(9103, 'customers', 'read', 9002, '2026-03-09', 'away')$$,
    '23514', null, 'the other half is not delegated to who holds one'
);
select lives_ok(
    $$select authz.delegate(9104, 'customers', 'read', 9002, '2026-03-09', 'away')$$,
    'to who holds none it is'
);
set local role fundwarden_owner;
select throws_ok(
    'insert into authz.user_roles (user_id, role_id, unit_id) values (9104, 9704, 9003)',
    '23514', null, 'who then is not granted the other'
);
insert into authz.user_roles (user_id, role_id, unit_id) values (9105, 9704, 9003);
insert into authz.delegations (
    tenant_id, delegator_id, delegate_id, resource, action, unit_id, valid_from, valid_until,
    reason, requested_by
)
values (9001, 9106, 9105, 'finance.customers', 'read', 9002, '2026-03-01', '2026-03-09', 'x', 9106);
select throws_ok(
    'insert into authz.user_roles (user_id, role_id, unit_id) values (9106, 9703, 9002)',
    '23514', null, 'nor who delegates, to whoever holds one'
);

select * from finish();
rollback;
