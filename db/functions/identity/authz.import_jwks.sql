-- The set is what the provider publishes now. A key that it no longer publishes verifies a while
-- longer: tokens signed with it are still under way.

create or replace function authz.import_jwks(
    issuer text, jwks jsonb, overlap interval default '1 day'
)
returns table (kid text, state text, valid_until timestamptz)
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    provider int;
    kids text[];
    moduli bytea[];
begin
    if import_jwks.issuer is null then
        -- The only one, where there is only one.
        select min(p.id) into provider
        from authz.identity_providers as p
        having count(*) = 1;
    else
        select p.id into provider
        from authz.identity_providers as p
        where p.issuer = import_jwks.issuer;
    end if;
    if provider is null then
        raise exception 'issuer % is not registered', quote_nullable(import_jwks.issuer)
            using errcode = '22023', hint = 'Register it with authz.add_identity_provider().';
    end if;
    if overlap is null or not overlap between '0 seconds' and '90 days' then
        raise exception 'overlap must be from 0 seconds to 90 days'
            using errcode = '22023', hint = 'Pass how long tokens are good for, such as ''1 day''.';
    end if;
    if jsonb_typeof(jwks -> 'keys') is distinct from 'array' then
        raise exception 'jwks must be an object with an array of keys'
            using errcode = '22023', hint = 'Pass the key set as the provider publishes it.';
    end if;
    if jsonb_array_length(jwks -> 'keys') > 100 then
        raise exception 'jwks holds more than 100 keys'
            using errcode = '22023', hint = 'Pass the keys that are in use.';
    end if;
    -- One import of a provider at a time, so that the sets do not mix.
    perform from authz.identity_providers as p where p.id = provider for update;

    select
        array_agg(e.jwk ->> 'kid'),
        array_agg(m.modulus)
    into kids, moduli
    from jsonb_array_elements(jwks -> 'keys') as e (jwk)
    cross join lateral (select authz_private.jwk_modulus(e.jwk) as modulus) as m
    where m.modulus is not null;
    if kids is null then
        raise exception 'jwks holds no key for RS256'
            using errcode = '22023', hint = 'Pass a public RSA key for signatures at least.';
    end if;
    if (select count(distinct k.kid) from unnest(kids) as k (kid)) < cardinality(kids) then
        raise exception 'jwks names a kid twice'
            using errcode = '22023', hint = 'Pass each key once.';
    end if;
    if exists (
        select
        from authz.identity_provider_keys as k
        inner join unnest(kids, moduli) as n (kid, modulus) on k.kid = n.kid
        where k.provider_id = provider
            and k.modulus <> authz_private.number_of_bytes(n.modulus)
    )
    then
        raise exception 'jwks: another key has this kid already'
            using
                errcode = '22023',
                hint = 'A kid stays with its key: have the provider name the new one differently.';
    end if;

    return query
    with published as (
        select
            n.kid,
            n.modulus
        from unnest(kids, moduli) as n (kid, modulus)
    ),

    -- Imported again, an old key is in force again.
    written as (
        insert into authz.identity_provider_keys as k (
            provider_id, kid, modulus, modulus_bytes, valid_from
        )
        select
            provider,
            n.kid,
            authz_private.number_of_bytes(n.modulus),
            octet_length(n.modulus),
            authz.clock()
        from published as n
        on conflict (provider_id, kid) do update
        set valid_until = null
        where k.valid_until is not null
        returning k.kid, k.valid_until
    ),

    ended as (
        update authz.identity_provider_keys as k
        set valid_until = authz.clock() + import_jwks.overlap
        where k.provider_id = provider
            and k.kid <> all(kids)
            and (k.valid_until is null or k.valid_until > authz.clock() + import_jwks.overlap)
        returning k.kid, k.valid_until
    )

    select
        n.kid,
        case
            when k.kid is null then 'added'
            when k.valid_until is null then 'kept'
            else 'renewed'
        end,
        null::timestamptz
    from published as n
    left join authz.identity_provider_keys as k on k.provider_id = provider and k.kid = n.kid
    union all
    select
        k.kid,
        case
            when coalesce(e.valid_until, k.valid_until) <= authz.clock() then 'expired'
            else 'expiring'
        end,
        coalesce(e.valid_until, k.valid_until)
    from authz.identity_provider_keys as k
    left join ended as e on k.kid = e.kid
    where k.provider_id = provider and k.kid <> all(kids)
    order by 3 nulls first, 1;
end
$$;

comment on function authz.import_jwks(text, jsonb, interval) is
    'Makes the public keys of a JSON web key set (RFC 7517) those of the provider, and says what '
    'became of each: added, kept, renewed; those no longer published are expiring, after the '
    'overlap, or expired. A null issuer is the only provider. '
    'Keys for other uses are passed over. Only the '
    'owner may call it. 22023, with nothing done, for moduli below 2048 or above 4096 bits, '
    'exponents other than 65537, private keys and a kid that another key has.';
revoke all on function authz.import_jwks(text, jsonb, interval) from public;
