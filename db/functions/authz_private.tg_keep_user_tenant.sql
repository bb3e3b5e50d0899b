-- What a user owns is of the user's tenant: a change would carry it all along the foreign keys.

create or replace function authz_private.tg_keep_user_tenant()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    raise exception 'user % cannot change tenant', old.id
        using errcode = '23514', hint = 'Make a new user in the other tenant.';
end
$$;

comment on function authz_private.tg_keep_user_tenant() is
    'Trigger: refuses a change of tenant_id of a user with 23514.';
revoke all on function authz_private.tg_keep_user_tenant() from public;
