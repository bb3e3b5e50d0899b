-- Rows of every partition are kept by the first; TRUNCATE fires only where it is said.

create or replace trigger _100_keep_log
before update or delete on audit.permission_audit_log
for each row
execute function authz_private.tg_keep_log();

create or replace trigger _200_keep_log_whole
before truncate on audit.permission_audit_log
for each statement
execute function authz_private.tg_keep_log();

create or replace trigger _200_keep_log_whole
before truncate on audit.permission_audit_log_default
for each statement
execute function authz_private.tg_keep_log();

alter table audit.permission_audit_log enable always trigger _100_keep_log;
alter table audit.permission_audit_log enable always trigger _200_keep_log_whole;
alter table audit.permission_audit_log_default enable always trigger _200_keep_log_whole;

select audit.make_partitions();
