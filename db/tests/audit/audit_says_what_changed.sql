-- One row of the log per changed row, with what it was and what it is.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(25);

create temporary view logged as
select
    l.id,
    l.table_name,
    l.row_key,
    l.action,
    l.old_values,
    l.new_values,
    l.changed_columns,
    l.tenant_id
from audit.permission_audit_log as l
where l.xid = pg_current_xact_id();
create temporary table seen (upto bigint);
insert into seen (upto) values (0);
-- What was logged since the last question, bookkeeping of tenants aside.
create temporary view fresh as
select l.*
from logged as l
cross join seen as s
where l.id > s.upto and l.table_name is distinct from 'authz.tenants';
create function pg_temp.next() returns void language sql as
$$update seen set upto = (select max(l.id) from audit.permission_audit_log as l)$$;

insert into authz.org_units (id, parent_id, code) values (9001, null, 'acme'), (9002, 9001, 'a');
select results_eq(
    $$select table_name, row_key, action, old_values, new_values ->> 'path', tenant_id
    from fresh order by id$$,
    $$values
    ('authz.org_units', '{"id": 9001}'::jsonb, 'CREATE', null::jsonb, 'acme', 9001),
    ('authz.org_units', '{"id": 9002}', 'CREATE', null, 'acme.a', 9001)$$,
    'an insert: the whole row, with what triggers made of it'
);
select pg_temp.next();
update authz.org_units set code = 'corp' where id = 9001;
select results_eq(
    $$select row_key, action, old_values, new_values, changed_columns from fresh order by id$$,
    $$values
    (
        '{"id": 9001}'::jsonb, 'UPDATE', '{"code": "acme", "path": "acme"}'::jsonb,
        '{"code": "corp", "path": "corp"}'::jsonb, array['code', 'path']
    ),
    (
        '{"id": 9002}', 'UPDATE', '{"path": "acme.a"}', '{"path": "corp.a"}', array['path']
    )$$,
    'an update: the changed columns, and the rows that change with it'
);
select pg_temp.next();
update authz.org_units set name = name;
select is_empty('select * from fresh', 'what changes nothing is no change');

insert into authz.users (id, username, base_unit_id)
select g, 'u' || g, 9001 from generate_series(9101, 9103) as g;
insert into authz.user_roles (id, user_id, role_id) values (9201, 9101, 3), (9202, 9101, 2);
select pg_temp.next();
update authz.user_roles set valid_until = '2199-01-01 00:00+00', unit_id = 9002 where id = 9201;
select results_eq(
    'select old_values, new_values, tenant_id from fresh',
    $$values (
        '{"unit_id": null, "valid_until": null}'::jsonb,
        '{"unit_id": 9002, "valid_until": "2199-01-01T00:00:00+00:00"}'::jsonb, 9001
    )$$,
    'null is a value like any other'
);
select pg_temp.next();
alter table authz.user_roles drop constraint user_roles_pkey;
alter table authz.user_roles
add constraint user_roles_pkey primary key (id) deferrable initially immediate;
update authz.user_roles set id = 18403 - id where id in (9201, 9202);
select results_eq(
    $$select
        action, row_key ->> 'id', coalesce(old_values, new_values) ->> 'role_id',
        row_number() over (order by id) <= 2
    from fresh
    order by action desc, row_key$$,
    $$values
    ('DELETE', '9201', '3', true), ('DELETE', '9202', '2', true),
    ('CREATE', '9201', '2', false), ('CREATE', '9202', '3', false)$$,
    'two rows that exchange their keys are removed, then created'
);
select pg_temp.next();
delete from authz.users where id = 9101;
select results_eq(
    $$select table_name, action, old_values ->> 'id', new_values, tenant_id
    from fresh order by table_name, id$$,
    $$values
    ('authz.user_roles', 'DELETE', '9201', null::jsonb, 9001),
    ('authz.user_roles', 'DELETE', '9202', null, 9001),
    ('authz.users', 'DELETE', '9101', null, 9001)$$,
    'a delete: the whole row, and the rows that go with it'
);

insert into authz.permission_templates (id, unit_id, permission_key)
values (9301, 9001, 'funds.read'), (9302, 9002, 'funds.read');
select pg_temp.next();
delete from authz.permission_templates where id = 9302;
select results_eq(
    $$select action, old_values ->> 'unit_id', new_values from fresh$$,
    $$values ('RESET', '9002', null::jsonb)$$,
    'an override that is cleared is a RESET'
);

insert into authz.roles (id, tenant_id, code) values (9401, 9001, 'clerk');
select pg_temp.next();
insert into authz.role_permissions (role_id, permission_id)
select 9401, p.id from authz.permissions as p where p.scope = 'team' order by p.id limit 1;
insert into authz.role_permissions (role_id, permission_id)
select 3, p.id
from authz.permissions as p
where p.scope = 'team' and p.action = 'delete'
order by p.id
limit 1;
select results_eq(
    $$select row_key ->> 'role_id', tenant_id from fresh order by id$$,
    $$values ('9401', 9001), ('3', null::int)$$,
    'what belongs to a role is of its tenant, or of the platform'
);
select pg_temp.next();
update authz.settings set refresh_mode = 'manual';
select results_eq(
    'select table_name, row_key, new_values from fresh',
    $$values (
        'authz.settings', '{"only_one": true}'::jsonb, '{"refresh_mode": "manual"}'::jsonb
    )$$,
    'a setting is logged too'
);
select pg_temp.next();
insert into authz.users (id, username, base_unit_id) values (9102, 'again', 9002)
on conflict (id) do update set username = excluded.username;
select results_eq(
    'select action, old_values, new_values from fresh',
    $$values ('UPDATE', '{"username": "u9102"}'::jsonb, '{"username": "again"}'::jsonb)$$,
    'and an insert that becomes an update'
);
select pg_temp.next();
merge into authz.users as u
using (values (9102, 'x'), (9103, 'y'), (9104, 'z')) as v (id, name) on u.id = v.id
when matched and v.id = 9102 then delete
when matched then update set username = v.name
when not matched then insert (id, username, base_unit_id) values (v.id, v.name, 9001);
select set_eq(
    $$select action, row_key ->> 'id' from fresh$$,
    $$values ('DELETE', '9102'), ('UPDATE', '9103'), ('CREATE', '9104')$$,
    'and all that a merge does'
);

select pg_temp.next();
insert into authz.memberships (user_id, unit_id) values (9103, 9001), (9103, 9002);
select pg_temp.next();
truncate authz.memberships;
select results_eq(
    'select table_name, action, new_values from fresh',
    $$values ('authz.memberships', 'TRUNCATE', '{"rows": 2}'::jsonb)$$,
    'a truncate says how many rows there were'
);
select throws_ok(
    $$select audit.access_as_of(9103, 'funds', 'read', 9001, now() - interval '1 microsecond')$$,
    '22023', null, 'and what they were is not asked of the log'
);

-- Where triggers mostly do not fire.
select pg_temp.next();
reset role;
set local session_replication_role = replica;
set local role fundwarden_owner;
update authz.users set is_active = false where id = 9104;
insert into authz.user_roles (tenant_id, user_id, role_id) values (9001, 9104, 3);
reset role;
set local session_replication_role = origin;
set local role fundwarden_owner;
select results_eq(
    'select table_name, action from fresh order by id',
    $$values ('authz.users', 'UPDATE'), ('authz.user_roles', 'CREATE')$$,
    'a replica''s change is a change'
);

-- Events.
select pg_temp.next();
select set_config('fundwarden.reason', 'of the transaction', true);
select audit.record('EXPORT', '{"funds": 12}', 'because');
select audit.record('EXPORT', '{"funds": 13}');
select results_eq(
    $$select l.action, l.new_values, l.reason
    from fresh as f
    inner join audit.permission_audit_log as l on f.id = l.id
    order by l.id$$,
    $$values
    ('EXPORT', '{"funds": 12}'::jsonb, 'because'),
    ('EXPORT', '{"funds": 13}', 'of the transaction')$$,
    'an event is recorded, with its own reason or that of the transaction'
);
select throws_ok(
    format('select audit.record(%L, null)', e.event), '22023', null, 'no event: ' || e.title
)
from (
    values
    (null, 'null'), ('', 'empty'), ('export', 'small letters'), ('UPDATE', 'a change'),
    ('LOAD', 'a load')
) as e (event, title);

-- Secrets: told to the trigger of a table, which no table needs yet.
create or replace trigger _960_audit_updated
after update on authz.users
referencing old table as old_rows new table as new_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id', 'profile');
create or replace trigger _970_audit_deleted
after delete on authz.users
referencing old table as old_rows
for each statement
execute function authz_private.tg_audit('id', 'tenant_id', 'profile');
select pg_temp.next();
update authz.users set profile = '{"pin": 1}', username = 'q' where id = 9103;
update authz.users set profile = '{"pin": 2}' where id = 9103;
delete from authz.users where id = 9103;
select results_eq(
    $$select changed_columns, old_values, new_values from fresh
    where action = 'UPDATE' order by id$$,
    $$values
    (array['profile', 'username'], '{"username": "y"}'::jsonb, '{"username": "q"}'::jsonb),
    (array['profile'], '{}', '{}')$$,
    'a secret is known to have changed, and no more'
);
select is_empty(
    $$select * from fresh where old_values ? 'profile' or new_values ? 'profile'$$,
    'also where the whole row is logged'
);

select is_empty(
    $$select l.id from audit.permission_audit_log as l
    where l.row_hash <> authz_private.log_row_hash(l)$$,
    'every row carries the hash of its content'
);
select is_empty('select * from audit.verify()', 'and the log is intact');
select results_eq(
    $$select table_name from audit.verify_tables()$$,
    array[]::text [],
    'as are the tables'
);

select * from finish();
rollback;
