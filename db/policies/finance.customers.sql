-- Reading as the user signed in; writing goes through functions, which see what is current.

alter table finance.customers enable row level security;
alter table finance.customers force row level security;

create policy owner_does_everything on finance.customers
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on finance.customers is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on finance.customers from public;

create policy readers_see_their_units on finance.customers
for select
to fundwarden_app
using (
    manager_unit_id = any((select authz.my_units('customers', 'read'))::int [])
    -- The range holds of every row: it keeps the planner, which does not know yet who asks, from
    -- expecting a whole tenant.
    or tenant_id = any((select authz.my_tenants('customers', 'read'))::int [])
    and id >= (select '-9223372036854775808'::bigint)
    and id <= (select '9223372036854775807'::bigint)
    or (tenant_id, manager_id)
    = (select authz.my_tenant(), authz.my_owner_id('customers', 'read'))
);

comment on policy readers_see_their_units on finance.customers is
    'customers:read where the manager belongs, or of what the user owns. One array a condition, '
    'made once a statement: each is a walk of an index.';

create policy denied_what_is_their_own on finance.customers
as restrictive
for select
to fundwarden_app
using (manager_id is distinct from (select authz.my_denied_id('customers', 'read')));

comment on policy denied_what_is_their_own on finance.customers is
    'A deny of the scope own, stronger than what the unit allows.';
grant select on finance.customers to fundwarden_app;
