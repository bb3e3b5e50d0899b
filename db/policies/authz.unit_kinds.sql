-- The owner's alone: applications ask functions.

alter table authz.unit_kinds enable row level security;
alter table authz.unit_kinds force row level security;

create policy owner_does_everything on authz.unit_kinds
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.unit_kinds is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.unit_kinds from public;
