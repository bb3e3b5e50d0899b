-- The owner's alone: applications ask functions.

alter table authz.delegations enable row level security;
alter table authz.delegations force row level security;

create policy owner_does_everything on authz.delegations
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.delegations is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.delegations from public;
