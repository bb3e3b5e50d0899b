-- Roles one may name: those of the tenant and those of the platform.

create or replace function authz_private.usable_role(role_id int, tenant_id int, parameter text)
returns authz.roles
language plpgsql stable security invoker parallel restricted
as $$
declare
    found_role authz.roles;
begin
    select r.*
    into found_role
    from authz.roles as r
    where r.id = usable_role.role_id
        and (r.tenant_id is null or r.tenant_id = usable_role.tenant_id);
    if found_role.id is null then
        perform authz_private.refuse_administration(parameter);
    end if;
    return found_role;
end
$$;

comment on function authz_private.usable_role(int, int, text) is
    'The role, of that tenant or of the platform. 42501 otherwise, hidden and missing objects '
    'alike.';
revoke all on function authz_private.usable_role(int, int, text) from public;
