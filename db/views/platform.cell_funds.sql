-- With the rights of the owner, because the platform reads no table of a cell. Status is compared
-- by code points: cells may have other locales than the platform, and what one cell sorts last
-- must be last in all of them. The planner leaves out the outer join if nobody asks for the code.

create or replace view platform.cell_funds
with (security_invoker = false) as
select
    f.tenant_id,
    u.code as tenant,
    f.id,
    f.handle_by,
    f.order_id,
    f.customer_id,
    f.amount,
    f.created_at,
    f.handler_unit_id,
    f.order_unit_id,
    f.customer_unit_id,
    f.currency,
    f.status collate "C" as status
from finance.financial_funds as f
left join authz.org_units as u on f.tenant_id = u.id
where f.tenant_id <> all(
        array(select m.tenant_id from ops.moved_tenants as m where m.state <> 'here')
    );

comment on view platform.cell_funds is
    'All funds of the tenants of this cell, without tenants that are arriving or have departed. '
    'Reads with the rights of its owner, and only fundwarden_platform may read it.';
comment on column platform.cell_funds.tenant is 'Code of the tenant.';
revoke all on platform.cell_funds from public;
grant select on platform.cell_funds to fundwarden_platform;
