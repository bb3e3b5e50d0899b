-- The owner's alone: applications ask functions.

alter table authz.user_policies enable row level security;
alter table authz.user_policies force row level security;

create policy owner_does_everything on authz.user_policies
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.user_policies is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.user_policies from public;
