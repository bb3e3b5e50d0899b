-- Inlined, once per row. JSON shows where it ends, and everything before it is free of the mark
-- between the parts.

create or replace function authz_private.audit_row_hash(
    header text, id bigint, action text, row_key jsonb, old_values jsonb, new_values jsonb,
    changed_columns text [], tenant_id int
)
returns bytea
language sql stable security invoker parallel safe
begin atomic
    select sha256(
        convert_to(
            audit_row_hash.header
            || audit_row_hash.id::text
            || '|' || audit_row_hash.action
            || '|' || coalesce(audit_row_hash.tenant_id::text, '-')
            || '|' || coalesce(audit_row_hash.row_key::text, '-')
            || '|' || coalesce(audit_row_hash.old_values::text, '-')
            || '|' || coalesce(audit_row_hash.new_values::text, '-')
            || '|' || coalesce(audit_row_hash.changed_columns::text, '-'),
            'UTF8'
        )
    );
end;

comment on function authz_private.audit_row_hash(
    text, bigint, text, jsonb, jsonb, jsonb, text [], int
) is 'The hash a row of the log carries: sha256 of its content and identity.';
revoke all on function authz_private.audit_row_hash(
    text, bigint, text, jsonb, jsonb, jsonb, text [], int
) from public;
