-- The owner's alone: applications ask functions.

alter table authz.grant_requests enable row level security;
alter table authz.grant_requests force row level security;

create policy owner_does_everything on authz.grant_requests
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on authz.grant_requests is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on authz.grant_requests from public;
