-- No user for whatever is wrong, so that there is one place that refuses: the context of an error
-- names its line. The issuer that a token names chooses its provider, or the shared secrets where
-- it is no provider's. That fixes the algorithm: apart from the kid, the header chooses nothing,
-- and its alg must agree. A signature that does not hold and a user who does not exist take the
-- same steps.

create or replace function authz_private.token_user(
    token text, out user_id bigint, out cause text, out is_elsewhere boolean
)
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    parts text[];
    header json;
    claims json;
    wanted_kid text;
    signed bytea;
    provider authz.identity_providers;
    public_keys authz.identity_provider_keys[];
    secrets authz_private.token_keys[];
    signature_holds boolean;
    wanted_audience text;
    is_in_time boolean;
    is_for_us boolean;
    tenant_is_known boolean := true;
    tenant_claim text := 'tid';
    moment numeric := extract(epoch from authz.clock());
    early numeric := 0;
    late numeric := 0;
begin
    is_elsewhere := false;
    cause := 'malformed';
    if token is null
        or octet_length(token) > 8192
        or token !~ '^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$'
    then
        return;
    end if;
    parts := string_to_array(token, '.');
    if length(parts[1]) > 1000 then
        return;
    end if;
    header := authz_private.token_object(parts[1]);
    claims := authz_private.token_object(parts[2]);
    -- Extensions named critical are not understood here, so RFC 7515 has them refused.
    if header is null
        or claims is null
        or coalesce(json_typeof(header -> 'kid'), 'string') <> 'string'
        or header -> 'crit' is not null
        or header -> 'b64' is not null
    then
        return;
    end if;
    wanted_kid := header ->> 'kid';
    signed := convert_to(parts[1] || '.' || parts[2], 'UTF8');

    if json_typeof(claims -> 'iss') = 'string' then
        select p.* into provider
        from authz.identity_providers as p
        where p.issuer = claims ->> 'iss';
    end if;
    cause := 'algorithm';
    if json_typeof(header -> 'alg') is distinct from 'string' then
        return;
    end if;

    if provider.id is not null then
        if not provider.is_active then
            cause := 'issuer';
            return;
        end if;
        if header ->> 'alg' <> 'RS256' then
            return;
        end if;
        -- Without a kid, the only key in force.
        public_keys := array(
            select k
            from authz.identity_provider_keys as k
            where k.provider_id = provider.id
                and (wanted_kid is null or k.kid = wanted_kid)
                and k.valid_from <= authz.clock()
                and (k.valid_until is null or k.valid_until > authz.clock())
            limit 2
        );
        if cardinality(public_keys) <> 1 then
            cause := 'key';
            return;
        end if;
        signature_holds := authz_private.rsa_signature_holds(
            signed, authz_private.bytes_of_base64url(parts[3]),
            public_keys[1].modulus, public_keys[1].modulus_bytes
        );
        wanted_audience := provider.audience;
        early := extract(epoch from provider.leeway);
        late := early;
        select p.user_id, p.tenant_is_known
        into user_id, tenant_is_known
        from authz_private.provider_user(provider, claims) as p;
        tenant_claim := provider.tenant_claim;
    else
        if header ->> 'alg' = 'RS256' then
            cause := 'issuer';
            return;
        end if;
        if header ->> 'alg' <> 'HS256' then
            return;
        end if;
        secrets := array(
            select t
            from authz_private.token_keys as t
            where (wanted_kid is null or t.kid = wanted_kid)
                and t.valid_from <= authz.clock()
                and (t.retired_at is null or t.retired_at > authz.clock())
        );
        if wanted_kid is not null and cardinality(secrets) = 0 then
            cause := 'key';
            return;
        end if;
        select k.audience
        into wanted_audience
        from (
            select
                t.kid,
                t.audience,
                authz_private.hmac_pad(t.secret, 54) as inner_key,
                authz_private.hmac_pad(t.secret, 92) as outer_key
            from unnest(secrets) as t
            -- Keeps the pads from being made at each place that names them.
            offset 0
        ) as k
        -- The hashes of both, as how long it takes to find that two texts differ tells where they
        -- do.
        where authz_private.keyed_hash(convert_to(parts[3], 'UTF8'), k.inner_key, k.outer_key)
            = authz_private.keyed_hash(
                convert_to(
                    authz_private.base64url(
                        authz_private.keyed_hash(signed, k.inner_key, k.outer_key)
                    ),
                    'UTF8'
                ),
                k.inner_key,
                k.outer_key
            )
        order by k.kid
        limit 1;
        signature_holds := found;
        -- Clocks differ, but not by more than a minute.
        early := 60;
        select u.id
        into user_id
        from authz_private.active_users as u
        where u.id = authz_private.token_id(claims, 'sub')
            and (
                claims -> 'tid' is null
                or u.tenant_id = authz_private.token_id(claims, 'tid')
            );
    end if;

    is_in_time := coalesce(authz_private.token_instant(claims, 'exp') > moment - late, false)
        and (
            claims -> 'nbf' is null
            or coalesce(authz_private.token_instant(claims, 'nbf') <= moment + late, false)
        )
        and (
            claims -> 'iat' is null
            or coalesce(authz_private.token_instant(claims, 'iat') <= moment + early, false)
        );
    is_for_us := claims -> 'aud' is null and wanted_audience is null
        or coalesce(
            json_typeof(claims -> 'aud') in ('string', 'array')
            and (claims -> 'aud')::jsonb ? wanted_audience,
            false
        );
    cause := case
        when not coalesce(signature_holds, false) then 'signature'
        when not is_in_time then 'time'
        when not is_for_us then 'audience'
        when not tenant_is_known then 'tenant'
        when user_id is null then 'user'
    end;
    -- Whose signature holds may know that another cell answers; nobody else may.
    if cause in ('tenant', 'user')
        and authz_private.tenant_is_elsewhere(claims, tenant_claim, provider.id is not null)
    then
        is_elsewhere := true;
        cause := 'tenant';
    end if;
    if cause is not null then
        user_id := null;
    end if;
end
$$;

comment on function authz_private.token_user(text) is
    'The active user a token is good for at this instant, and no cause; or no user, and the cause, '
    'one of authz_private.refusal_causes(), and whether the token is good and its tenant in '
    'another cell.';
revoke all on function authz_private.token_user(text) from public;
