-- Null for whatever is wrong, so that there is one place that refuses: the context of an error
-- names its line. Nothing of a payload is looked at before its signature holds.

create or replace function authz_private.token_user(token text)
returns bigint
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    parts text[];
    header json;
    claims json;
    signed bytea;
    key_audience text;
    moment numeric := extract(epoch from authz.clock());
begin
    if token is null
        or octet_length(token) > 8192
        or token !~ '^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$'
    then
        return null;
    end if;
    parts := string_to_array(token, '.');

    if length(parts[1]) > 1000 then
        return null;
    end if;
    header := authz_private.token_object(parts[1]);
    -- Extensions named critical are not understood here, so RFC 7515 has them refused.
    if header ->> 'alg' is distinct from 'HS256'
        or json_typeof(header -> 'alg') <> 'string'
        or coalesce(json_typeof(header -> 'kid'), 'string') <> 'string'
        or header -> 'crit' is not null
        or header -> 'b64' is not null
    then
        return null;
    end if;

    signed := convert_to(parts[1] || '.' || parts[2], 'UTF8');
    select k.audience
    into key_audience
    from (
        select
            t.kid,
            t.audience,
            authz_private.hmac_pad(t.secret, 54) as inner_key,
            authz_private.hmac_pad(t.secret, 92) as outer_key
        from authz_private.token_keys as t
        where (header ->> 'kid' is null or t.kid = header ->> 'kid')
            and t.valid_from <= authz.clock()
            and (t.retired_at is null or t.retired_at > authz.clock())
        -- Keeps the pads from being made at each place that names them.
        offset 0
    ) as k
    -- The hashes of both, as how long it takes to find that two texts differ tells where they do.
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
    if not found then
        return null;
    end if;

    claims := authz_private.token_object(parts[2]);
    if claims is null
        or coalesce(authz_private.token_instant(claims, 'exp') <= moment, true)
        or claims -> 'nbf' is not null
        and coalesce(authz_private.token_instant(claims, 'nbf') > moment, true)
        -- Clocks differ, but not by more than a minute.
        or claims -> 'iat' is not null
        and coalesce(authz_private.token_instant(claims, 'iat') > moment + 60, true)
    then
        return null;
    end if;
    if (claims -> 'aud' is not null or key_audience is not null)
        and not coalesce(
            json_typeof(claims -> 'aud') in ('string', 'array')
            and (claims -> 'aud')::jsonb ? key_audience,
            false
        )
    then
        return null;
    end if;

    return (
        select u.id
        from authz_private.active_users as u
        where u.id = authz_private.token_id(claims, 'sub')
            and (
                claims -> 'tid' is null
                or u.tenant_id = authz_private.token_id(claims, 'tid')
            )
    );
end
$$;

comment on function authz_private.token_user(text) is
    'The active user a token is good for at this instant; null when it is not.';
revoke all on function authz_private.token_user(text) from public;
