-- What the flags of a scope mean for tenants, said once.

create or replace function authz_private.tenants_reached(
    tenant_id int, every_tenant boolean, whole_tenant boolean, other_tenants boolean
)
returns int []
language sql stable security invoker parallel safe
begin atomic
    select case
        when tenants_reached.every_tenant then array(select t.id from authz.tenants as t)
        when tenants_reached.other_tenants
            then array(
                select t.id from authz.tenants as t where t.id <> tenants_reached.tenant_id
            )
        when tenants_reached.whole_tenant then array[tenants_reached.tenant_id]
        else '{}'
    end;
end;

comment on function authz_private.tenants_reached(int, boolean, boolean, boolean) is
    'Tenants that a scope of authz_private.scope_of() reaches as a whole, given its tenant_id and '
    'its flags.';
revoke all on function authz_private.tenants_reached(int, boolean, boolean, boolean) from public;
