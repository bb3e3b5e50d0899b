-- The owner's alone: applications ask functions.

alter table authz.permissions enable row level security;
alter table authz.permissions force row level security;

create policy owner_does_everything on authz.permissions
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.permissions is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.permissions from public;
