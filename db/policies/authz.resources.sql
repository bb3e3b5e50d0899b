-- The owner's alone: applications ask functions.

alter table authz.resources enable row level security;
alter table authz.resources force row level security;

create policy owner_does_everything on authz.resources
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.resources is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.resources from public;
