-- As in the log of this cell.

alter table audit.arrived_rows enable row level security;
alter table audit.arrived_rows force row level security;

create policy owner_does_everything on audit.arrived_rows
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on audit.arrived_rows is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on audit.arrived_rows from public;

create policy auditors_read_everything on audit.arrived_rows
for select
to fundwarden_auditor
using (true);

comment on policy auditors_read_everything on audit.arrived_rows is
    'Of every tenant: whoever is granted the role audits the installation.';
grant select on audit.arrived_rows to fundwarden_auditor;
