-- The only writer of the setting that authz.current_user_id() believes.

create or replace function authz_private.set_identity(effective_id bigint, real_id bigint)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if exists (
        select
        from ops.moved_tenants as m
        inner join authz.users as u on m.tenant_id = u.tenant_id
        where u.id = set_identity.effective_id and m.state <> 'here'
    )
    then
        raise exception 'this cell does not hold the tenant of the user'
            using
                errcode = 'FW101',
                hint = 'It is being moved: connect to the database named after it again.';
    end if;
    if not pg_is_in_recovery() then
        -- The signature is of it, so it has to be there first.
        perform pg_current_xact_id();
    end if;
    perform set_config(
        'fundwarden.identity',
        concat_ws(
            ':',
            effective_id,
            coalesce(real_id::text, ''),
            encode(
                authz_private.identity_signature(effective_id, real_id, k.inner_key, k.outer_key),
                'hex'
            )
        ),
        true
    )
    from authz_private.identity_key as k;
end
$$;

comment on function authz_private.set_identity(bigint, bigint) is
    'Makes the transaction act for effective_id on behalf of real_id until it ends; whether it '
    'may, the caller has checked.';
revoke all on function authz_private.set_identity(bigint, bigint) from public;
