-- With the rights of the owner, because the platform reads no table of a cell. Of tenants that
-- moved, the log stays in the cell where it was written: no row of it is in two cells.

create or replace view platform.cell_log
with (security_invoker = false) as
select
    l.id,
    l.logged_at,
    l.xid::text as xid,
    l.actor_id,
    l.effective_user_id,
    l.session_user_name collate "C" as session_user_name,
    l.client_addr,
    l.user_agent collate "C" as user_agent,
    l.request_id collate "C" as request_id,
    l.reason collate "C" as reason,
    l.table_name collate "C" as table_name,
    l.row_key,
    l.action collate "C" as action,
    l.old_values,
    l.new_values,
    l.changed_columns,
    l.tenant_id
from audit.permission_audit_log as l;

comment on view platform.cell_log is
    'The audit log of this cell, as auditors of the cell read it. Reads with the rights of its '
    'owner, and only fundwarden_platform may read it.';
comment on column platform.cell_log.tenant_id is 'As in the log.';
revoke all on platform.cell_log from public;
grant select on platform.cell_log to fundwarden_platform;
