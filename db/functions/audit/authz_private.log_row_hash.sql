-- Inlined, once per row that is verified.

create or replace function authz_private.log_row_hash(logged audit.permission_audit_log)
returns bytea
language sql stable security invoker parallel safe
begin atomic
    select authz_private.audit_row_hash(
        authz_private.audit_header(
            (log_row_hash.logged).logged_at, (log_row_hash.logged).xid,
            (log_row_hash.logged).actor_id, (log_row_hash.logged).effective_user_id,
            (log_row_hash.logged).session_user_name, (log_row_hash.logged).client_addr,
            (log_row_hash.logged).user_agent, (log_row_hash.logged).request_id,
            (log_row_hash.logged).reason, (log_row_hash.logged).table_name
        ),
        (log_row_hash.logged).id, (log_row_hash.logged).action, (log_row_hash.logged).row_key,
        (log_row_hash.logged).old_values, (log_row_hash.logged).new_values,
        (log_row_hash.logged).changed_columns, (log_row_hash.logged).tenant_id
    );
end;

comment on function authz_private.log_row_hash(audit.permission_audit_log) is
    'The hash that a row of the log should carry, from its content.';
revoke all on function authz_private.log_row_hash(audit.permission_audit_log) from public;
