-- The scope system reaches every tenant, so no tenant's own role may carry it. Decisions refuse it
-- again, so that no order of two sessions matters.

create or replace function authz_private.tg_system_scope_fits()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if exists (
        select
        from authz.roles as r
        inner join authz.permissions as p on p.id = new.permission_id and p.scope = 'system'
        where r.id = new.role_id and r.tenant_id is not null
    )
    then
        raise exception 'role_id %: the scope system is for platform roles', new.role_id
            using
                errcode = '23514',
                hint = 'Use the scope organization, or a role without tenant_id.';
    end if;
    return new;
end
$$;

comment on function authz_private.tg_system_scope_fits() is
    'Trigger: permissions of the scope system go to platform roles only. 23514 otherwise.';
revoke all on function authz_private.tg_system_scope_fits() from public;
