-- Inlined, once per row.

create or replace function authz_private.audit_tenant(tenant_by text, row_now jsonb)
returns int
language sql stable security invoker parallel safe
begin atomic
    select case audit_tenant.tenant_by
        when '' then null
        when 'role_id' then (
            select r.tenant_id
            from authz.roles as r
            where r.id = (audit_tenant.row_now ->> 'role_id')::int
        )
        when 'policy_id' then (
            select p.tenant_id
            from authz.policies as p
            where p.id = (audit_tenant.row_now ->> 'policy_id')::int
        )
        else (audit_tenant.row_now ->> audit_tenant.tenant_by)::int
    end;
end;

comment on function authz_private.audit_tenant(text, jsonb) is
    'Tenant of a row: in its column of that name, or of its role or policy.';
revoke all on function authz_private.audit_tenant(text, jsonb) from public;
