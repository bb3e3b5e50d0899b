-- In firing order.

create or replace trigger _100_keep_log
before update or delete or truncate on audit.arrivals
for each statement
execute function authz_private.tg_keep_log();

alter table audit.arrivals enable always trigger _100_keep_log;
