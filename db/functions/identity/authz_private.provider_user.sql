-- One code may be in use in several tenants: where the token or the provider names no tenant, it
-- must name one person among all users, the inactive included. Else somebody deactivated in one
-- tenant would become their namesake in another.

create or replace function authz_private.provider_user(
    provider authz.identity_providers, claims json, out user_id bigint, out tenant_is_known boolean
)
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    claimed json := claims -> provider.user_claim;
    named text := claims ->> provider.user_claim;
    tenant int := provider.tenant_id;
    found_ids bigint[];
begin
    if provider.tenant_claim is not null then
        tenant := case json_typeof(claims -> provider.tenant_claim)
            when 'number' then (
                select t.id
                from authz.tenants as t
                where t.id = authz_private.token_id(claims, provider.tenant_claim)
            )
            when 'string' then (
                select u.id
                from authz.org_units as u
                where u.parent_id is null and u.code = claims ->> provider.tenant_claim
            )
        end;
    end if;
    tenant_is_known := provider.tenant_claim is null or tenant is not null;

    if provider.match = 'id' then
        found_ids := array(
            select u.id
            from authz.users as u
            where u.id = authz_private.token_id(claims, provider.user_claim)
                and (tenant is null or u.tenant_id = tenant)
        );
    elsif json_typeof(claimed) is distinct from 'string' then
        found_ids := '{}';
    elsif provider.match = 'username' then
        -- A look into the index per tenant: the index begins with it.
        found_ids := array(
            select m.id
            from authz.tenants as t
            cross join lateral (
                select u.id
                from authz.users as u
                where u.tenant_id = t.id and u.username = named
                offset 0
            ) as m
            where tenant is null or t.id = tenant
            limit 2
        );
    else
        found_ids := array(
            select m.id
            from authz.tenants as t
            cross join lateral (
                select u.id
                from authz.users as u
                where u.tenant_id = t.id and u.external_id = named
                offset 0
            ) as m
            where tenant is null or t.id = tenant
            limit 2
        );
    end if;
    if tenant_is_known and cardinality(found_ids) = 1 then
        select u.id into user_id from authz_private.active_users as u where u.id = found_ids[1];
    end if;
end
$$;

comment on function authz_private.provider_user(authz.identity_providers, json) is
    'The active user whom the claims of a token of the provider name, and whether they name a '
    'tenant where they must; null for no user, for more than one, and for an inactive one.';
revoke all on function authz_private.provider_user(authz.identity_providers, json) from public;
