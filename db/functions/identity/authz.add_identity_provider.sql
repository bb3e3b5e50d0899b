-- A token of the issuer is from now on verified by its public keys alone, and by no shared secret.

create or replace function authz.add_identity_provider(
    issuer text,
    audience text,
    user_claim text default 'sub',
    match text default 'external_id',
    tenant text default null,
    tenant_claim text default null,
    leeway interval default '30 seconds'
)
returns int
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    fixed_tenant int;
    provider_id int;
begin
    perform authz_private.check_words(w.parameter, coalesce(w.value, ''), w.longest, w.hint)
    from (
        values
        ('issuer', issuer, 500, 'Pass the claim iss of its tokens.'),
        ('audience', audience, 500, 'Pass what names this database in the claim aud.'),
        ('user_claim', user_claim, 200, 'Pass the name of a claim, such as sub or email.')
    ) as w (parameter, value, longest, hint);
    perform authz_private.check_words('tenant_claim', tenant_claim, 200);
    if match is null or match not in ('external_id', 'username', 'id') then
        raise exception 'match must be external_id, username or id, not %', quote_nullable(match)
            using errcode = '22023', hint = 'It is the column of authz.users that user_claim holds.';
    end if;
    if leeway is null or not leeway between '0 seconds' and '5 minutes' then
        raise exception 'leeway must be from 0 seconds to 5 minutes'
            using errcode = '22023', hint = 'Pass an interval such as ''30 seconds''.';
    end if;
    if tenant is not null and tenant_claim is not null then
        raise exception 'tenant and tenant_claim exclude each other'
            using errcode = '22023', hint = 'Pass the only tenant, or the claim that names it.';
    end if;
    if tenant is not null then
        select u.id
        into fixed_tenant
        from authz.org_units as u
        where u.parent_id is null
            and (u.code = add_identity_provider.tenant or u.id::text = add_identity_provider.tenant)
        order by u.code = add_identity_provider.tenant desc
        limit 1;
        if not found then
            raise exception 'tenant % does not exist', quote_literal(tenant)
                using errcode = '22023', hint = 'Pass the code or the id of a root unit.';
        end if;
    end if;
    insert into authz.identity_providers as p (
        issuer, audience, user_claim, match, tenant_id, tenant_claim, leeway
    )
    values (
        add_identity_provider.issuer, add_identity_provider.audience,
        add_identity_provider.user_claim, add_identity_provider.match, fixed_tenant,
        add_identity_provider.tenant_claim, add_identity_provider.leeway
    )
    on conflict on constraint one_provider_per_issuer do nothing
    returning p.id into provider_id;
    if provider_id is null then
        raise exception 'issuer % is registered already', quote_literal(issuer)
            using
                errcode = '22023',
                hint = 'Remove it with authz.remove_identity_provider() first.';
    end if;
    return provider_id;
end
$$;

comment on function authz.add_identity_provider(
    text, text, text, text, text, text, interval
) is
    'Registers who issues tokens, and which column of authz.users (match: external_id, username or '
    'id) the user_claim holds; tenant: code or id of the only tenant; tenant_claim: claim that '
    'names it. Its tokens verify once authz.import_jwks() has brought its keys. Only the owner may '
    'call it. 22023 for a bad argument or an issuer that is registered.';
revoke all on function authz.add_identity_provider(
    text, text, text, text, text, text, interval
) from public;
