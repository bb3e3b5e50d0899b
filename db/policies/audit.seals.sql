-- Seals name no user.

alter table audit.seals enable row level security;
alter table audit.seals force row level security;

create policy owner_does_everything on audit.seals
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on audit.seals is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on audit.seals from public;

create policy auditors_read_everything on audit.seals
for select
to fundwarden_auditor
using (true);

comment on policy auditors_read_everything on audit.seals is
    'Of every tenant: whoever is granted the role audits the installation.';
grant select on audit.seals to fundwarden_auditor;
