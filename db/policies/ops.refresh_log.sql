-- The owner's alone: applications ask functions.

alter table ops.refresh_log enable row level security;
alter table ops.refresh_log force row level security;

create policy owner_does_everything on ops.refresh_log
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on ops.refresh_log is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on ops.refresh_log from public;
