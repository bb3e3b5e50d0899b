-- One order of the two, so that a pair is declared once; one tenant, so that none binds another.

create or replace function authz_private.tg_exclusive_pair_fits()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    lower_id constant int := least(new.role_id, new.other_role_id);
    homes int [];
begin
    new.other_role_id := greatest(new.role_id, new.other_role_id);
    new.role_id := lower_id;
    homes := array(
        select distinct r.tenant_id
        from authz.roles as r
        where r.id in (new.role_id, new.other_role_id) and r.tenant_id is not null
    );
    new.tenant_id := coalesce(new.tenant_id, homes[1]);
    if exists (select from unnest(homes) as h (id) where h.id <> new.tenant_id) then
        raise exception 'roles % and % are not of one tenant', new.role_id, new.other_role_id
            using errcode = '23514', hint = 'Pair roles of one tenant or of the platform.';
    end if;
    return new;
end
$$;

comment on function authz_private.tg_exclusive_pair_fits() is
    'Trigger: puts a pair of exclusive roles in order and in its tenant. 23514 two tenants.';
revoke all on function authz_private.tg_exclusive_pair_fits() from public;
