-- Memberships and grants belong to the tenant of their user.

create or replace function authz_private.tg_tenant_of_user()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    select u.tenant_id into new.tenant_id from authz.users as u where u.id = new.user_id;
    if not found then
        raise exception 'user_id % does not exist', coalesce(new.user_id::text, 'null')
            using errcode = '23503', hint = 'Pass the id of a row in authz.users.';
    end if;
    return new;
end
$$;

comment on function authz_private.tg_tenant_of_user() is
    'Trigger: tenant_id of a membership or grant from its user. 23503 unknown user.';
revoke all on function authz_private.tg_tenant_of_user() from public;
