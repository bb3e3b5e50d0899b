-- What a condition may name. Who asks and when is not for the caller to say.

create or replace function authz_private.facts(user_id bigint, context jsonb)
returns jsonb
language plpgsql stable security invoker parallel safe
as $$
begin
    return coalesce(facts.context, '{}') || (
        select jsonb_build_object(
            'now', authz.clock(),
            'user_id', u.id,
            'username', u.username,
            'tenant_id', u.tenant_id,
            'base_unit_id', u.base_unit_id
        )
        from authz.users as u
        where u.id = facts.user_id
    );
end
$$;

comment on function authz_private.facts(bigint, jsonb) is
    'The context of a question with the facts of the database laid over it: now, user_id, '
    'username, '
    'tenant_id, base_unit_id.';
revoke all on function authz_private.facts(bigint, jsonb) from public;
