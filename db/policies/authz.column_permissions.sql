-- The owner's alone: applications ask functions.

alter table authz.column_permissions enable row level security;
alter table authz.column_permissions force row level security;

create policy owner_does_everything on authz.column_permissions
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.column_permissions is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.column_permissions from public;
