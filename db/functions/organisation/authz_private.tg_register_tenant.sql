-- The row exists as soon as the root does, so a move never finds nothing to lock.

create or replace function authz_private.tg_register_tenant()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    insert into authz.tenants (id)
    values (new.id);
    return null;
end
$$;

comment on function authz_private.tg_register_tenant() is
    'Trigger: a root unit is a tenant, with the row that its moves lock.';
revoke all on function authz_private.tg_register_tenant() from public;
