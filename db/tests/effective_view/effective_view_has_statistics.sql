-- A refresh that changed much leaves statistics, not only what autovacuum would in a while.
begin;
set local role fundwarden_owner;
set local search_path = tap, public, ext, pg_catalog;
select plan(2);

update authz.settings set refresh_mode = 'manual';
insert into authz.org_units (id, parent_id, code) values (9001, null, 'acme');
insert into authz.users (id, username, base_unit_id)
select 9100 + i, 'user_' || i, 9001
from generate_series(1, 1200) as i;
insert into authz.user_roles (user_id, role_id, unit_id)
select 9100 + i, (select min(r.id) from authz.roles as r where r.tenant_id is null), 9001
from generate_series(1, 1200) as i;
select authz.refresh_user_effective_policies();
select cmp_ok(
    (select count(*) from authz.user_effective_policies), '>', 1200::bigint,
    'the view was refreshed with many rows'
);
select cmp_ok(
    (
        select c.reltuples::bigint
        from pg_class as c
        where c.oid = 'authz.user_effective_policies'::regclass
    ),
    '>', 1200::bigint, 'and its statistics know of them'
);

select * from finish();
rollback;
