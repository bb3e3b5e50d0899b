-- The owner's alone: applications ask functions.

alter table authz.variables enable row level security;
alter table authz.variables force row level security;

create policy owner_does_everything on authz.variables
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.variables is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.variables from public;
