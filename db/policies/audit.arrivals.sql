-- Numbers and hashes alone.

alter table audit.arrivals enable row level security;
alter table audit.arrivals force row level security;

create policy owner_does_everything on audit.arrivals
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on audit.arrivals is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on audit.arrivals from public;

create policy auditors_read_everything on audit.arrivals
for select
to fundwarden_auditor
using (true);

comment on policy auditors_read_everything on audit.arrivals is
    'Of every tenant: whoever is granted the role audits the installation.';
grant select on audit.arrivals to fundwarden_auditor;
