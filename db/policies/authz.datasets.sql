-- The owner's alone: applications ask functions.

alter table authz.datasets enable row level security;
alter table authz.datasets force row level security;

create policy owner_does_everything on authz.datasets
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.datasets is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.datasets from public;
