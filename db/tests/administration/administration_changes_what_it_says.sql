-- What each function that writes does for whoever may, as the application role.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(57);
grant all on all tables in schema pg_temp to public;
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code, kind)
values (9001, null, 'acme', 'organization'), (9002, 9001, 'north', 'region'),
(9003, 9002, 'berlin', 'office'), (9004, 9001, 'south', 'region');
insert into authz.users (id, username, base_unit_id)
values (9101, 'ann', 9001), (9102, 'bob', 9003), (9103, 'abe', 9001);
insert into authz.user_roles (user_id, role_id, unit_id)
select u.id, r.id, 9001
from authz.roles as r
cross join (values (9101), (9103)) as u (id)
where r.code = 'admin' and r.tenant_id is null;

create temporary table noted (name text, id bigint);
grant all on noted to public;
-- Definer, as the callers below may read no table.
create function pg_temp.looked_up(question text) returns text
language plpgsql security definer set search_path = authz, ext, pg_catalog as $$
declare
    answer text;
begin
    execute question into answer;
    return answer;
end
$$;
grant execute on function pg_temp.looked_up(text) to public;
create function pg_temp.id_of(noted_name text) returns bigint
language sql stable as 'select n.id from noted as n where n.name = noted_name';
grant execute on function pg_temp.id_of(text) to public;
create temporary table permission_ids as
select p.id, p.resource::text as resource, p.action, p.scope::text as scope
from authz.permissions as p;
grant select on permission_ids to public;

set local role fundwarden_trusted;
select lives_ok('select authz.act_as(9101)', 'ann signs in');
set local role fundwarden_app;

-- Units.
insert into noted select 'unit', c.id from authz.create_unit(9003, 'desk', 'Desk', 'team') as c;
select is(
    pg_temp.looked_up(format(
        'select concat_ws('' '', path, name, kind) from org_units where id = %s',
        pg_temp.id_of('unit')
    )),
    'acme.north.berlin.desk Desk team', 'a unit is made below another'
);
select throws_ok(
    $$select authz.create_unit(9003, 'desk')$$, '23505', 'code: already taken below the parent',
    'a code that is taken is told without a row'
);
select throws_ok(
    $$select authz.create_unit(9003, 'Not A Code')$$, '23514', null, 'a code is a label'
);
select throws_ok(
    $$select authz.create_unit(9003, 'x', metadata => '[]')$$, '22023',
    'metadata must be a JSON object', 'metadata is an object'
);
select results_eq(
    $$select status from authz.update_unit(9003, name => 'Berlin', sort_order => 3)$$,
    $$values ('done')$$, 'a unit is changed'
);
select is(
    pg_temp.looked_up('select concat_ws('' '', code, name, kind, sort_order) from org_units
        where id = 9003'),
    'berlin Berlin office 3', 'in what was passed, and in nothing else'
);
select lives_ok('select authz.move_unit(9003, 9004)', 'a unit is moved');
select is(
    pg_temp.looked_up('select path from org_units where id = 9003'), 'acme.south.berlin',
    'with its path'
);
select throws_ok(
    'select authz.move_unit(9004, 9003)', '23514', null, 'though not below itself'
);
select lives_ok('select authz.deactivate_unit(9003)', 'a unit is deactivated');
select is(
    pg_temp.looked_up('select is_active from org_units where id = 9003'), 'false', 'and is'
);
select lives_ok('select authz.activate_unit(9003)', 'and activated');

-- Users.
insert into noted select 'user', c.id from authz.create_user('carl', 9003) as c;
select throws_ok(
    $$select authz.create_user('carl', 9002)$$, '23505',
    'username: already taken in this organisation', 'usernames differ'
);
select throws_ok(
    $$select authz.create_user('  ', 9002)$$, '22023', null, 'and are not blank'
);
select lives_ok(
    format($$select authz.update_user(%s, 'karl', '{"tel": 1}')$$, pg_temp.id_of('user')),
    'a user is renamed'
);
select lives_ok(
    format('select authz.transfer_user(%s, 9002)', pg_temp.id_of('user')), 'and transferred'
);
select is(
    pg_temp.looked_up(format(
        'select concat_ws('' '', username, profile, base_unit_id) from users where id = %s',
        pg_temp.id_of('user')
    )),
    'karl {"tel": 1} 9002', 'to where was said'
);
insert into noted
select 'membership', c.id from authz.add_membership(pg_temp.id_of('user'), 9004) as c;
select throws_ok(
    $$select authz.add_membership(9102, 9004, '2030-01-01', '2030-01-01')$$, '22023',
    'valid_until is not after valid_from', 'a window is not empty'
);
select lives_ok(
    format('select authz.remove_membership(%s)', pg_temp.id_of('membership')),
    'a membership ends'
);
select is(
    pg_temp.looked_up('select count(*) from memberships'), '0', 'and is gone'
);
select lives_ok('select authz.deactivate_user(9102)', 'a user is deactivated');
select lives_ok('select authz.activate_user(9102)', 'and activated');

-- Roles, permissions, policies.
insert into noted select 'role', c.id from authz.create_role('clerk', 'Clerk', 20) as c;
select throws_ok(
    $$select authz.create_role('clerk')$$, '23505', 'code: already taken in this organisation',
    'role codes differ'
);
select lives_ok(
    $$select authz.create_role('admin')$$, 'also the code of a platform role is free'
);
insert into noted
select 'permission', c.id
from authz.create_permission(
    'funds', 'update', 'team', '{"field": "amount", "op": "<=", "value": 10}'
) as c;
select is(
    (
        select c.id
        from authz.create_permission(
            'funds', 'update', 'team', '{"field": "amount", "op": "<=", "value": 10}'
        ) as c
    ),
    pg_temp.id_of('permission'), 'a permission that is there is found'
);
select is(
    (select c.id from authz.create_permission('funds', 'read', 'team') as c),
    (
        select p.id::bigint
        from permission_ids as p
        where p.resource = 'finance.funds' and p.action = 'read' and p.scope = 'team'
    ),
    'those of the platform too'
);
select throws_ok(
    $$select authz.create_permission('funds', 'read', 'system')$$, '22023', null,
    'the scope system is none for a tenant'
);
select throws_ok(
    $$select authz.create_permission('funds', 'read', 'team', '{"field": 1}')$$, '22023', null,
    'conditions are checked'
);
select lives_ok(
    format(
        'select authz.grant_permission_to_role(%s, %s)',
        pg_temp.id_of('role'), pg_temp.id_of('permission')
    ),
    'a permission enters a role'
);
insert into noted select 'policy', c.id from authz.create_policy('closed', '', 'deny', 3) as c;
select throws_ok(
    $$select authz.create_policy('closed')$$, '23505',
    'name: already taken in this organisation', 'policy names differ'
);
select lives_ok(
    format(
        'select authz.add_permission_to_policy(%s, %s)',
        pg_temp.id_of('policy'), pg_temp.id_of('permission')
    ),
    'and a policy'
);
select lives_ok(
    format(
        'select authz.add_policy_to_role(%s, %s)', pg_temp.id_of('role'), pg_temp.id_of('policy')
    ),
    'a policy enters a role'
);
select lives_ok(
    format($$select authz.update_policy(%s, priority => 4)$$, pg_temp.id_of('policy')),
    'a policy is changed'
);
select lives_ok(
    format(
        'select authz.remove_policy_from_role(%s, %s)',
        pg_temp.id_of('role'), pg_temp.id_of('policy')
    ),
    'a policy leaves a role'
);
select lives_ok(
    format($$select authz.update_role(%s, 'Clerks', 25)$$, pg_temp.id_of('role')),
    'a role is changed'
);
select lives_ok(
    format(
        'select authz.set_role_parent(%s, %s)', pg_temp.id_of('role'),
        pg_temp.looked_up('select id from roles where code = ''staff'' and tenant_id is null')
    ),
    'a role inherits'
);
select is(
    pg_temp.looked_up(format(
        'select concat_ws('' '', r.code, r.name, r.rank, p.code) from roles as r
        inner join roles as p on r.parent_role_id = p.id where r.id = %s', pg_temp.id_of('role')
    )),
    'clerk Clerks 25 staff', 'from whom was said'
);

-- Grants.
insert into noted
select 'grant', c.id from authz.assign_role(9102, pg_temp.id_of('role')::int, 9003) as c;
select ok(
    authz.check_user_permission(9102, 'funds', 'update', 9003, '{"amount": 5}'),
    'a role gives what it carries'
);
select is(
    pg_temp.looked_up(format(
        'select concat_ws('' '', user_id, unit_id, inherit_to_descendants) from user_roles
        where id = %s', pg_temp.id_of('grant')
    )),
    '9102 9003 t', 'the id returned is the grant''s'
);
insert into noted
select 'policy grant', c.id
from authz.assign_policy(9102, pg_temp.id_of('policy')::int, 9003) as c;
select ok(
    not authz.check_user_permission(9102, 'funds', 'update', 9003, '{"amount": 5}'),
    'a policy denies what is in it'
);
select lives_ok(
    format('select authz.revoke_policy(%s)', pg_temp.id_of('policy grant')), 'until revoked'
);
select lives_ok(
    format('select authz.revoke_role(%s)', pg_temp.id_of('grant')), 'a role is revoked'
);
select ok(
    not authz.check_user_permission(9102, 'funds', 'update', 9003, '{"amount": 5}'),
    'and gives nothing from the next statement on'
);
insert into noted
select 'direct', c.id
from authz.grant_permission(9102, pg_temp.id_of('permission')::int) as c;
select ok(
    authz.check_user_permission(9102, 'funds', 'update', 9003, '{"amount": 5}'),
    'a permission is granted wherever the user belongs'
);
select lives_ok(
    format('select authz.revoke_permission(%s)', pg_temp.id_of('direct')), 'and revoked'
);
select lives_ok(
    format(
        'select authz.revoke_permission_from_role(%s, %s),
            authz.remove_permission_from_policy(%s, %s)',
        pg_temp.id_of('role'), pg_temp.id_of('permission'),
        pg_temp.id_of('policy'), pg_temp.id_of('permission')
    ),
    'a permission leaves role and policy'
);

-- Templates.
select lives_ok(
    $$select authz.set_permission_template(9001, 'orders.read', 0, true, false)$$,
    'a template is set'
);
select lives_ok(
    $$select authz.set_permission_template(9001, 'orders.read', 10, true, true)$$,
    'and set again'
);
select throws_ok(
    $$select authz.set_permission_template(9002, 'orders.read')$$, '23514', null,
    'below a lock it is not'
);
select throws_ok(
    $$select authz.set_permission_template(9001, 'everything')$$, '22023', null,
    'a key is resource and action'
);
select isnt(
    (select c.id from authz.reset_permission_template(9001, 'orders.read') as c), null,
    'a template is reset'
);
select is(
    (select c.id from authz.reset_permission_template(9001, 'orders.read') as c), null,
    'where there is none nothing is'
);

-- Versions, for callers that cache.
select isnt(
    (select c.policy_version from authz.assign_role(9102, pg_temp.id_of('role')::int, 9003) as c),
    (select c.policy_version from authz.assign_role(9102, pg_temp.id_of('role')::int, 9002) as c),
    'every change of access has another version'
);
select is(
    (select c.policy_version from authz.update_unit(9003, name => 'B') as c),
    authz.policy_version(), 'which is the current one'
);
select throws_ok(
    format('select authz.assign_role(9102, %s, 9003)', pg_temp.id_of('role')), '23P01',
    'user_id: the same grant is there already, in a window that overlaps',
    'the same is given once at a time, and the error tells no row'
);
set local role fundwarden_owner;
select is(
    (
        select count(*)
        from authz.verify_effective_policies()
    ),
    0::bigint, 'and readers agree with the tables'
);

select * from finish();
rollback;
