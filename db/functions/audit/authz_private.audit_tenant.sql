-- For the few tables whose rows do not say their tenant; the others read it from the row.

create or replace function authz_private.audit_tenant(tenant_by text, owner_id int)
returns int
language plpgsql stable security invoker parallel safe
as $$
begin
    return case tenant_by
        when 'role_id' then (select r.tenant_id from authz.roles as r where r.id = owner_id)
        when 'policy_id' then (select p.tenant_id from authz.policies as p where p.id = owner_id)
    end;
end
$$;

comment on function authz_private.audit_tenant(text, int) is
    'Tenant of the role or policy; null: it is of the platform, or gone.';
revoke all on function authz_private.audit_tenant(text, int) from public;
