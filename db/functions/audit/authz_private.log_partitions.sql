-- The month of a partition, as far as it has one.

create or replace function authz_private.log_partitions()
returns table (partition_id regclass, month date)
language sql stable security invoker parallel safe
begin atomic
    select
        c.oid::regclass,
        to_date(substring(c.relname from '^permission_audit_log_(\d{4}_\d\d)$'), 'YYYY_MM')
    from pg_inherits as i
    inner join pg_class as c on i.inhrelid = c.oid
    where i.inhparent = 'audit.permission_audit_log'::regclass;
end;

comment on function authz_private.log_partitions() is
    'Partitions of the log with their month, null for the default partition.';
revoke all on function authz_private.log_partitions() from public;
