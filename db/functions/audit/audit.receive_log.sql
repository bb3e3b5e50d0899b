-- Rows that are here already, as after a stay in this cell, are not taken twice.

create or replace function audit.receive_log(tenant_id int)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    insert into audit.arrived_rows (
        cell,
        id, logged_at, xid, actor_id, effective_user_id, session_user_name, client_addr,
        user_agent, request_id, reason, table_name, row_key, action, old_values, new_values,
        changed_columns, tenant_id, row_hash
    )
    select
        a.cell,
        n.id,
        n.logged_at,
        n.xid,
        n.actor_id,
        n.effective_user_id,
        n.session_user_name,
        n.client_addr,
        n.user_agent,
        n.request_id,
        n.reason,
        n.table_name,
        n.row_key,
        n.action,
        n.old_values,
        n.new_values,
        n.changed_columns,
        n.tenant_id,
        n.row_hash
    from pg_temp.arriving_log as a
    cross join lateral jsonb_populate_record(null::audit.permission_audit_log, a.content) as n
    cross join ops.cell as c
    where a.cell <> c.number and n.tenant_id = receive_log.tenant_id
    on conflict do nothing;
end
$$;

comment on function audit.receive_log(int) is
    'Stores the rows of pg_temp.arriving_log about a tenant, which are those of audit.tenant_log() '
    'of another cell, but those that this cell logged itself.';
revoke all on function audit.receive_log(int) from public;
