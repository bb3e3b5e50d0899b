-- A role of one tenant gives nothing in another, and no tenant's own role reaches beyond it.

begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(13);
grant all on all tables in schema pg_temp to public;
grant all on all sequences in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code)
values (9001, null, 'here'), (9002, 9001, 'branch'), (9011, null, 'there');
insert into authz.users (id, username, base_unit_id)
values (9001, 'boss', 9001), (9002, 'clerk', 9002);
insert into authz.roles (id, tenant_id, code)
values (9001, 9001, 'local'), (9011, 9011, 'foreign');
insert into authz.role_permissions (role_id, permission_id)
select v.role_id, p.id
from (values (9001), (9011)) as v (role_id)
inner join authz.permissions as p
    on p.resource operator(ext.=) 'finance.funds'::ext.ltree and p.action = 'read'
    and p.scope = 'team';

select throws_ok(
    'insert into authz.user_roles (user_id, role_id, unit_id) values (9001, 9011, 9001)',
    '23514', 'role_id 9011: the role belongs to another tenant', 'a foreign role is not granted'
);
select lives_ok(
    'insert into authz.user_roles (user_id, role_id, unit_id) values (9001, 9001, 9001)',
    'a role of the tenant is'
);
select throws_ok(
    'update authz.user_roles set role_id = 9011 where user_id = 9001',
    '23514', 'role_id 9011: the role belongs to another tenant', 'nor put in its place'
);
select throws_ok(
    'update authz.roles set tenant_id = 9011 where id = 9001',
    '23514', 'role 9001 cannot change tenant', 'nor handed over'
);
select throws_ok(
    'update authz.roles set tenant_id = null where id = 9001',
    '23514', 'role 9001 cannot change tenant', 'nor offered to all'
);
select throws_ok(
    $$
    insert into authz.role_permissions (role_id, permission_id)
    select 9001, p.id from authz.permissions as p where p.scope = 'system' limit 1
    $$,
    '23514', null,
    'a role of a tenant does not reach every tenant'
);
select is(
    (select s.whole_tenant from authz_private.scope_of(9001, 'funds', 'read') as s), true,
    'the role of the tenant counts'
);

-- What the triggers keep out counts nowhere even so.
reset role;
set local session_replication_role = replica;
insert into authz.user_roles (tenant_id, user_id, role_id, unit_id) values (9001, 9002, 9011, 9002);
insert into authz.role_permissions (role_id, permission_id)
select 9001, p.id
from authz.permissions as p
where p.scope = 'system' and p.resource operator(ext.=) 'finance.funds'::ext.ltree
    and p.action = 'read';
set local session_replication_role = origin;
set local role fundwarden_owner;

select is(
    (select s.unit_ids from authz_private.scope_of(9002, 'funds', 'read') as s), '{}',
    'a foreign role gives no unit'
);
select bag_eq(
    $$select refusal from authz_private.grants_of(9002, 'funds', 'read')$$,
    $$values ('the role belongs to another tenant')$$, 'and it is told why'
);
select is(
    (select s.every_tenant from authz_private.scope_of(9001, 'funds', 'read') as s), false,
    'a role of a tenant reaches no other'
);
select bag_has(
    $$select refusal from authz_private.grants_of(9001, 'funds', 'read')$$,
    $$values ('the scope system is for platform roles')$$, 'and it is told why'
);
select is(
    (select count(*) from authz.supervisors as s where s.user_id = 9002), 0::bigint,
    'nobody oversees by a foreign role'
);
select is_empty(
    'select from authz_private.grants_of(9002, null, null)',
    'a question about nothing has no answer'
);

select * from finish();
rollback;
