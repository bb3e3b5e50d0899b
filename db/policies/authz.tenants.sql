-- The owner's alone: applications ask functions.

alter table authz.tenants enable row level security;
alter table authz.tenants force row level security;

create policy owner_does_everything on authz.tenants
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.tenants is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.tenants from public;
