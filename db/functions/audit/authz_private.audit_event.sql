-- One row of the log that is not of a changed row.

create or replace function authz_private.audit_event(
    said authz_private.audit_context, action text, row_key jsonb, subject jsonb, tenant_id int
)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    new_id bigint := nextval('audit.permission_audit_log_id');
begin
    insert into audit.permission_audit_log (
        id, logged_at, xid, actor_id, effective_user_id, session_user_name, client_addr,
        user_agent, request_id, reason, table_name, row_key, action, new_values, tenant_id,
        row_hash
    )
    values (
        new_id, said.logged_at, said.xid, said.actor_id, said.effective_user_id,
        said.session_user_name, said.client_addr, said.user_agent, said.request_id,
        said.reason, said.table_name, row_key, action, subject, tenant_id,
        authz_private.audit_row_hash(
            said.header, new_id, action, row_key, null, subject, null, tenant_id
        )
    );
end
$$;

comment on function authz_private.audit_event(
    authz_private.audit_context, text, jsonb, jsonb, int
) is 'Logs an event: of a table in said.table_name, or of none.';
revoke all on function authz_private.audit_event(
    authz_private.audit_context, text, jsonb, jsonb, int
) from public;
