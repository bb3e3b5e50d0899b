-- The owner's alone: applications ask functions.

alter table authz.exclusive_roles enable row level security;
alter table authz.exclusive_roles force row level security;

create policy owner_does_everything on authz.exclusive_roles
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.exclusive_roles is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.exclusive_roles from public;
