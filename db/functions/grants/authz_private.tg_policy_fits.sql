-- A policy of one tenant means nothing in another. Decisions refuse it again; this is to tell
-- whoever grants.

create or replace function authz_private.tg_policy_fits()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    home int;
    receiver int;
begin
    select o.tenant_id into home from authz.policies as o where o.id = new.policy_id;
    if tg_table_name = 'role_policies' then
        select r.tenant_id into receiver from authz.roles as r where r.id = new.role_id;
    else
        receiver := new.tenant_id;
    end if;
    if home is not null and home is distinct from receiver then
        raise exception 'policy_id %: the policy belongs to another tenant', new.policy_id
            using
                errcode = '23514',
                hint = 'Grant a policy of the same tenant, or a platform policy.';
    end if;
    return new;
end
$$;

comment on function authz_private.tg_policy_fits() is
    'Trigger: a policy is granted within its tenant; platform policies everywhere. 23514 '
    'otherwise.';
revoke all on function authz_private.tg_policy_fits() from public;
