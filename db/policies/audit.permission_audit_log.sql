-- Partitions are read through their parent.

revoke all on audit.permission_audit_log from public;
grant select on audit.permission_audit_log to fundwarden_auditor;
