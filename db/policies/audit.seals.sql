revoke all on audit.seals from public;
grant select on audit.seals to fundwarden_auditor;
