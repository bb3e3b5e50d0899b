-- Rows that are here already, as after an earlier stay, are not taken twice. Each row has to be here
-- with the hash that it was logged with, and that has to be the hash of its content.

create or replace function audit.receive_log(tenant_id int)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
as $$
declare
    odd record;
begin
    insert into audit.arrived_rows (
        arrival, cell,
        id, logged_at, xid, actor_id, effective_user_id, session_user_name, client_addr,
        user_agent, request_id, reason, table_name, row_key, action, old_values, new_values,
        changed_columns, tenant_id, row_hash
    )
    select
        authz_private.arrival_number(receive_log.tenant_id),
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
    select
        a.cell,
        n.id
    into odd
    from pg_temp.arriving_log as a
    cross join lateral jsonb_populate_record(null::audit.permission_audit_log, a.content) as n
    cross join ops.cell as c
    where a.cell <> c.number
        and (
            n.row_hash <> authz_private.log_row_hash(n)
            or not exists (
                select
                from audit.arrived_rows as r
                where r.tenant_id = receive_log.tenant_id
                    and r.cell = a.cell
                    and r.id = n.id
                    and r.logged_at = n.logged_at
                    and r.row_hash = n.row_hash
            )
        )
    order by a.cell, n.id
    limit 1;
    if found then
        raise exception 'row % of the log of cell % did not arrive as it was logged',
            odd.id, odd.cell
            using errcode = '55000', hint = 'Call audit.verify() in both cells.';
    end if;
end
$$;

comment on function audit.receive_log(int) is
    'Stores the rows of pg_temp.arriving_log about a tenant, which are those of audit.tenant_log() '
    'of another cell, but those that this cell logged itself. 55000 if one is not what its hash '
    'says.';
revoke all on function audit.receive_log(int) from public;
