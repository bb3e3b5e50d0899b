-- The owner's alone: applications ask functions.

alter table authz.permission_templates enable row level security;
alter table authz.permission_templates force row level security;

create policy owner_does_everything on authz.permission_templates
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.permission_templates is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.permission_templates from public;
