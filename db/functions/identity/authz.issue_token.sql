-- For trying out, and for installations that let the database issue its tokens.

create or replace function authz.issue_token(
    user_id bigint, ttl interval default '1 hour', kid text default null
)
returns text
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    moment bigint := floor(extract(epoch from authz.clock()));
    lifetime bigint := floor(extract(epoch from ttl));
    tenant int;
    signing authz_private.token_keys;
    content text;
begin
    if ttl is null or not lifetime between 1 and 31 * 86400 then
        raise exception 'ttl must be from one second to 31 days'
            using errcode = '22023', hint = 'Pass an interval such as ''15 minutes''.';
    end if;
    select u.tenant_id
    into tenant
    from authz_private.active_users as u
    where u.id = issue_token.user_id;
    if not found then
        raise exception 'user_id % is no active user', quote_nullable(user_id)
            using errcode = '22023', hint = 'Pass the id of an active row in authz.users.';
    end if;
    select k.*
    into signing
    from authz_private.token_keys as k
    where (issue_token.kid is null or k.kid = issue_token.kid)
        and k.valid_from <= authz.clock()
        and (k.retired_at is null or k.retired_at > authz.clock())
    order by k.valid_from desc, k.kid desc
    limit 1;
    if not found then
        raise exception 'kid % is no key in force', coalesce(quote_literal(kid), '(any)')
            using errcode = '22023', hint = 'Add one with authz.add_token_key().';
    end if;

    content := authz_private.base64url(
        convert_to(
            json_build_object('alg', 'HS256', 'typ', 'JWT', 'kid', signing.kid)::text, 'UTF8'
        )
    ) || '.' || authz_private.base64url(
        convert_to(
            json_strip_nulls(
                json_build_object(
                    'sub', issue_token.user_id::text,
                    'tid', tenant,
                    'aud', signing.audience,
                    'iat', moment,
                    'exp', moment + lifetime
                )
            )::text,
            'UTF8'
        )
    );
    return content || '.' || authz_private.base64url(
        authz_private.keyed_hash(
            convert_to(content, 'UTF8'),
            authz_private.hmac_pad(signing.secret, 54),
            authz_private.hmac_pad(signing.secret, 92)
        )
    );
end
$$;

comment on function authz.issue_token(bigint, interval, text) is
    'A token for authz.sign_in(), signed with the key named or the newest in force. Only the '
    'owner may call it. 22023 for an inactive user, a ttl beyond 31 days or a kid not in force.';
revoke all on function authz.issue_token(bigint, interval, text) from public;
