-- The owner's alone: applications ask functions.

alter table authz.settings enable row level security;
alter table authz.settings force row level security;

create policy owner_does_everything on authz.settings
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.settings is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.settings from public;
