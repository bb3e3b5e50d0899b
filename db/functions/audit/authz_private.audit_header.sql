-- What all rows of a statement have in common, as one text that reads the same in every session:
-- once per statement when written, once per row when verified.

create or replace function authz_private.audit_header(
    logged_at timestamptz, xid xid8, actor_id bigint, effective_user_id bigint,
    session_user_name text, client_addr inet, user_agent text, request_id text, reason text,
    table_name text
)
returns text
language sql stable security invoker parallel safe
begin atomic
    -- Free text is quoted, so that no two headers are the same text.
    select (extract(epoch from audit_header.logged_at) * 1000000)::bigint::text
        || '|' || audit_header.xid::text
        || '|' || coalesce(audit_header.actor_id::text, '-')
        || '|' || coalesce(audit_header.effective_user_id::text, '-')
        || '|' || quote_nullable(audit_header.session_user_name)
        || '|' || coalesce(audit_header.client_addr::text, '-')
        || '|' || quote_nullable(audit_header.user_agent)
        || '|' || quote_nullable(audit_header.request_id)
        || '|' || quote_nullable(audit_header.reason)
        || '|' || quote_nullable(audit_header.table_name)
        || '|';
end;

comment on function authz_private.audit_header(
    timestamptz, xid8, bigint, bigint, text, inet, text, text, text, text
) is 'First part of the text whose hash a row of the log carries.';
revoke all on function authz_private.audit_header(
    timestamptz, xid8, bigint, bigint, text, inet, text, text, text, text
) from public;
