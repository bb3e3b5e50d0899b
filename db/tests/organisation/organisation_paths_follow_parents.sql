-- Run by pytest, or by pg_prove against a migrated database that has pgTAP.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(17);

insert into authz.org_units (id, parent_id, code, kind)
values
(9001, null, 'acme', 'organization'),
(9002, 9001, 'north', 'region'),
(9003, 9001, 'south', 'region'),
(9004, 9002, 'berlin', 'office');

select is(path::text, 'acme.north.berlin', 'a path is the codes from the root')
from authz.org_units
where id = 9004;
select is(level, 3, 'a level counts the labels') from authz.org_units where id = 9004;
select is(tenant_id, 9001, 'a unit is of the tenant of its root')
from authz.org_units
where id = 9004;
select is((select count(*) from authz.tenants where id = 9001), 1::bigint, 'a root is a tenant');

select lives_ok('select authz.move_unit(9002, 9003)', 'a unit moves');
select is(path::text, 'acme.south.north.berlin', 'what is below moves along')
from authz.org_units
where id = 9004;
select lives_ok(
    $$update authz.org_units set code = 'nord' where id = 9002$$, 'a unit is renamed'
);
select is(path::text, 'acme.south.nord.berlin', 'what is below is renamed along')
from authz.org_units
where id = 9004;

select throws_ok(
    'select authz.move_unit(9003, 9004)', '23514', 'unit 9003 cannot be moved below itself',
    'a cycle is refused'
);
select throws_ok(
    'select authz.move_unit(9003, 9003)', '23514', 'unit 9003 cannot be moved below itself',
    'a unit is not its own parent'
);
select throws_ok(
    $$update authz.org_units set path = 'x' where id = 9004$$, '23514',
    'path and level of authz.org_units are kept by triggers', 'a path is not written'
);
select throws_like(
    'update authz.org_units set parent_id = null where id = 9004', '%root%',
    'a unit does not become a root'
);
select throws_ok(
    'select authz.move_unit(9004, 424242)', '22023', 'new_parent_id 424242 does not exist',
    'an unknown parent is named'
);
select throws_ok(
    $$insert into authz.org_units (parent_id, code) values (9001, 'Not A Label')$$, '23514', null,
    'a code is a label'
);
update authz.org_units set kind = 'orchard' where id = 9004;
select bag_has(
    'select kind from authz.unit_kinds', $$values ('orchard')$$,
    'a kind not met before is registered'
);
select throws_ok(
    $$update authz.org_units set kind = 'Two Words' where id = 9004$$, '23514',
    'kind ''Two Words'' of unit 9004 is not a plain word', 'a kind is a word'
);
select bag_eq(
    'select id from authz.descendants(9003)', 'values (9002), (9004)',
    'descendants are what is below, without the unit'
);

select * from finish();
rollback;
