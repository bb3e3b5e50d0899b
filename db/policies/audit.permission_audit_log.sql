-- Partitions are read through their parent, whose policies hold then.

alter table audit.permission_audit_log enable row level security;
alter table audit.permission_audit_log force row level security;

create policy owner_does_everything on audit.permission_audit_log
to fundwarden_owner
using (true)
with check (true);

comment on policy owner_does_everything on audit.permission_audit_log is
    'Functions, triggers, keys and refreshes of the package run as the owner.';
revoke all on audit.permission_audit_log from public;

create policy auditors_read_everything on audit.permission_audit_log
for select
to fundwarden_auditor
using (true);

comment on policy auditors_read_everything on audit.permission_audit_log is
    'Of every tenant: whoever is granted the role audits the installation.';
grant select on audit.permission_audit_log to fundwarden_auditor;
