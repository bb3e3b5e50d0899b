-- The owner's alone: applications ask functions.

alter table authz.memberships enable row level security;
alter table authz.memberships force row level security;

create policy owner_does_everything on authz.memberships
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.memberships is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.memberships from public;
