-- The owner's alone: applications ask functions.

alter table authz.policies enable row level security;
alter table authz.policies force row level security;

create policy owner_does_everything on authz.policies
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.policies is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.policies from public;
