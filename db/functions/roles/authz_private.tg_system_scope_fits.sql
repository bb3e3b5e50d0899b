-- The scope system reaches every tenant, so only a platform role may carry it. Decisions refuse it
-- again, so that no order of two sessions matters.

create or replace function authz_private.tg_system_scope_fits()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if not exists (
        select from authz.permissions as p where p.id = new.permission_id and p.scope = 'system'
    )
    then
        return new;
    end if;
    if tg_table_name = 'role_permissions' then
        if exists (
            select from authz.roles as r where r.id = new.role_id and r.tenant_id is null
        )
        then
            return new;
        end if;
    elsif tg_table_name = 'policy_permissions' then
        if exists (
            select from authz.policies as o where o.id = new.policy_id and o.tenant_id is null
        )
        then
            return new;
        end if;
    end if;
    raise exception 'permission_id %: the scope system is for platform roles', new.permission_id
        using
            errcode = '23514',
            hint = 'Use the scope organization, or a role or policy without tenant_id.';
end
$$;

comment on function authz_private.tg_system_scope_fits() is
    'Trigger: permissions of the scope system go to platform roles and policies only. 23514 '
    'otherwise.';
revoke all on function authz_private.tg_system_scope_fits() from public;
