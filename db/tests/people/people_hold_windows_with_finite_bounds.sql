-- A bound at infinity is no bound: no function hands a driver what it cannot represent.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(14);
grant all on all tables in schema pg_temp to public;

insert into authz.org_units (id, parent_id, code)
values (9001, null, 'acme'), (9002, 9001, 'north');
insert into authz.users (id, username, base_unit_id) values (9101, 'ann', 9001);

select is_empty(
    $$
    select c.oid::regclass
    from pg_class as c
    inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'valid_until'
    where c.relnamespace = 'authz'::regnamespace
        and c.relkind = 'r'
        and not a.attnotnull
        and not exists (
            select from pg_trigger as t
            where t.tgrelid = c.oid and t.tgname = '_050_finite_window' and t.tgenabled = 'A'
        )
    $$,
    'every table of windows with open ends keeps its bounds finite'
);

insert into authz.user_roles (id, user_id, role_id, valid_from, valid_until)
select 9601, 9101, r.id, '-infinity', 'infinity'
from authz.roles as r
where r.code = 'supervisor' and r.tenant_id is null;
insert into authz.memberships (user_id, unit_id, valid_from, valid_until)
values (9101, 9002, '-infinity', '2199-01-01');
select results_eq(
    'select valid_from, valid_until from authz.user_roles where id = 9601',
    'values (null::timestamptz, null::timestamptz)',
    'a grant from and to infinity has no bounds'
);
select results_eq(
    'select valid_from, valid_until from authz.memberships where user_id = 9101',
    $$values (null::timestamptz, timestamptz '2199-01-01')$$,
    'the bound that is finite stays'
);
select is(
    authz.next_access_change(9101), timestamptz '2199-01-01', 'the next change is finite'
);
update authz.memberships set valid_until = 'infinity' where user_id = 9101;
select is(valid_until, null, 'an update to infinity takes the bound away')
from authz.memberships where user_id = 9101;
select is(authz.next_access_change(9101), null, 'and then nothing changes by itself');
select ok(authz.check_user_permission(9101, 'funds', 'read', 9002), 'the grant is open');

create temporary table tried (statement text);
insert into tried values
('update authz.user_roles set valid_from = ''infinity'' where id = 9601'),
('update authz.user_roles set valid_until = ''-infinity'' where id = 9601'),
('update authz.memberships set valid_from = ''infinity'' where user_id = 9101'),
(
    'insert into authz.memberships (user_id, unit_id, valid_until) '
    'values (9101, 9001, ''-infinity'')'
);
select throws_ok(
    statement, '22023',
    substring(statement from 'valid_\w+') || ' is ' || substring(statement from '-?infinity')
    || ': such a window is never open',
    'refused: ' || statement
)
from tried where statement like 'update%';
select throws_ok(
    statement, '22023', 'valid_until is -infinity: such a window is never open',
    'refused: ' || statement
)
from tried where statement like 'insert%';

-- What functions declare to return is a time or null.
select is_empty(
    $$
    select e.valid_from
    from authz.effective_policies(9101) as e
    where not isfinite(e.valid_from) or not isfinite(e.valid_until)
    $$,
    'effective policies have finite bounds'
);
select is_empty(
    $$
    select e.valid_from
    from authz.user_effective_policies_live as e
    where not isfinite(e.valid_from) or not isfinite(e.valid_until)
    $$,
    'so has the view of them'
);
select throws_ok(
    $$select audit.access_as_of(9101, 'funds', 'read', 9001, 'infinity')$$, '22023', null,
    'the log tells nothing of infinity'
);
select * from finish();
rollback;
