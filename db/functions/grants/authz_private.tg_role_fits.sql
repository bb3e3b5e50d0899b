-- A role of one tenant means nothing in another. Decisions refuse it again, so that no order of two
-- sessions matters; this is to tell whoever grants.

create or replace function authz_private.tg_role_fits()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    home int;
begin
    select r.tenant_id into home from authz.roles as r where r.id = new.role_id;
    if home <> new.tenant_id then
        raise exception 'role_id %: the role belongs to another tenant', new.role_id
            using errcode = '23514', hint = 'Grant a role of the user''s tenant, or a platform role.';
    end if;
    return new;
end
$$;

comment on function authz_private.tg_role_fits() is
    'Trigger: a role is granted within its tenant; platform roles everywhere. 23514 otherwise.';
revoke all on function authz_private.tg_role_fits() from public;
