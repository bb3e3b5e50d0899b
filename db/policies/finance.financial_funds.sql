-- Reading as the user signed in; writing goes through functions, which see what is current.

alter table finance.financial_funds enable row level security;
alter table finance.financial_funds force row level security;

create policy owner_does_everything on finance.financial_funds
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on finance.financial_funds is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on finance.financial_funds from public;

create policy readers_see_what_any_owner_shows on finance.financial_funds
for select
to fundwarden_app
using (
    handler_unit_id = any((select authz.my_units('funds', 'read'))::int [])
    or order_unit_id = any((select authz.my_units('funds', 'read'))::int [])
    or customer_unit_id = any((select authz.my_units('funds', 'read'))::int [])
    -- The range holds of every row: it keeps the planner, which does not know yet who asks, from
    -- expecting a whole tenant.
    or tenant_id = any((select authz.my_tenants('funds', 'read'))::int [])
    and id >= (select '-9223372036854775808'::bigint)
    and id <= (select '9223372036854775807'::bigint)
    or (tenant_id, handle_by)
    = (select authz.my_tenant(), authz.my_owner_id('funds', 'read'))
    or tenant_id = (select authz.my_tenant())
    and order_id = any((select authz.my_orders('funds', 'read'))::bigint [])
    or tenant_id = (select authz.my_tenant())
    and customer_id = any((select authz.my_customers('funds', 'read'))::bigint [])
);

comment on policy readers_see_what_any_owner_shows on finance.financial_funds is
    'funds:read where any of the three owners belongs, or of what the user owns. One array a '
    'condition, made once a statement: each is a walk of an index.';

create policy denied_what_is_their_own on finance.financial_funds
as restrictive
for select
to fundwarden_app
using (
    (select authz.my_denied_id('funds', 'read')) is null
    or tenant_id = any((select authz.my_tenants('funds', 'read'))::int [])
    or handler_unit_id = any((select authz.my_units('funds', 'read'))::int [])
    and handle_by <> (select authz.my_denied_id('funds', 'read'))
    or order_unit_id = any((select authz.my_units('funds', 'read'))::int [])
    and order_id <> all((select authz.my_denied_orders('funds', 'read'))::bigint [])
    or customer_unit_id = any((select authz.my_units('funds', 'read'))::int [])
    and customer_id <> all((select authz.my_denied_customers('funds', 'read'))::bigint [])
);

comment on policy denied_what_is_their_own on finance.financial_funds is
    'A deny of the scope own, stronger than what the unit allows: another owner has to show it.';
grant select on finance.financial_funds to fundwarden_app;
