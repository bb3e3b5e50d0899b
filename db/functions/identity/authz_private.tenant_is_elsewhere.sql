-- Only a cell knows of others: an installation that stands alone holds every tenant there is.

create or replace function authz_private.tenant_is_elsewhere(
    claims json, tenant_claim text, texts_are_codes boolean
)
returns boolean
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if not exists (select from ops.cell) then
        return false;
    end if;
    if texts_are_codes and json_typeof(claims -> tenant_claim) = 'string' then
        return not exists (
            select
            from authz.org_units as u
            where u.parent_id is null and u.code = claims ->> tenant_claim
        );
    end if;
    return authz_private.token_id(claims, tenant_claim) is not null
        and not exists (
            select
            from authz.tenants as t
            where t.id = authz_private.token_id(claims, tenant_claim)
        );
end
$$;

comment on function authz_private.tenant_is_elsewhere(json, text, boolean) is
    'Whether this installation is a cell and the claim names a tenant that it does not hold: by '
    'id, or where the provider says so by the code of its root unit.';
revoke all on function authz_private.tenant_is_elsewhere(json, text, boolean) from public;
