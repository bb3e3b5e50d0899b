-- Units are read as the user signed in; changed by functions.

alter table authz.org_units enable row level security;
alter table authz.org_units force row level security;

create policy owner_does_everything on authz.org_units
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.org_units is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.org_units from public;

create policy readers_see_their_units on authz.org_units
for select
to fundwarden_app
using (
    id = any((select authz.my_units('units', 'read'))::int [])
    or tenant_id = any((select authz.my_tenants('units', 'read'))::int [])
);

comment on policy readers_see_their_units on authz.org_units is 'units:read in the unit.';
grant select on authz.org_units to fundwarden_app;
