-- With the rights of the owner, because the platform reads no table of a cell.

create or replace view platform.cell_counts
with (security_invoker = false) as
select
    t.id as tenant_id,
    u.code as tenant,
    (select count(*) from authz.org_units as c where c.tenant_id = t.id) as units,
    (select count(*) from authz.users as c where c.tenant_id = t.id) as users,
    (select count(*) from authz.user_roles as c where c.tenant_id = t.id)
    + (select count(*) from authz.user_policies as c where c.tenant_id = t.id)
    + (select count(*) from authz.user_permissions as c where c.tenant_id = t.id) as grants,
    (select count(*) from finance.customers as c where c.tenant_id = t.id) as customers,
    (select count(*) from finance.orders as c where c.tenant_id = t.id) as orders,
    (select count(*) from finance.financial_funds as c where c.tenant_id = t.id) as funds
from authz.tenants as t
inner join authz.org_units as u on t.id = u.id
where t.id <> all(
        array(select m.tenant_id from ops.moved_tenants as m where m.state <> 'here')
    );

comment on view platform.cell_counts is
    'How many rows each tenant of this cell has, without tenants that are arriving or have '
    'departed; grants are those of roles, policies and permissions. Reads with the rights of its '
    'owner, and only fundwarden_platform may read it.';
comment on column platform.cell_counts.tenant is 'Code of the tenant.';
comment on column platform.cell_counts.grants is
    'Grants of roles, policies and permissions, whether they count now or not.';
revoke all on platform.cell_counts from public;
grant select on platform.cell_counts to fundwarden_platform;
