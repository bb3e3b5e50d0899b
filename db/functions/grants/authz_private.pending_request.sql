-- What has been decided is not decided again.

create or replace function authz_private.pending_request(actor_id bigint, request_id bigint)
returns authz.grant_requests
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    asked authz.grant_requests;
begin
    select g.*
    into asked
    from authz.grant_requests as g
    where g.id = pending_request.request_id
    for no key update;
    if asked.id is null
        or (select u.tenant_id from authz.users as u where u.id = actor_id) <> asked.tenant_id
        or not authz_private.may_act(
            actor_id, 'permissions', 'create',
            coalesce(
                asked.unit_id,
                (select u.base_unit_id from authz.users as u where u.id = asked.user_id)
            ),
            false
        )
    then
        perform authz_private.refuse_administration('request_id');
    end if;
    if authz_private.is_self(actor_id, asked.requested_by)
        or authz_private.is_self(actor_id, asked.user_id)
    then
        raise exception 'request_id: a second person decides'
            using
                errcode = '42501',
                hint = 'Neither who asked nor who is to hold the role; who asked may withdraw it.';
    end if;
    perform authz_private.check_role_assignment(
        actor_id, asked.user_id, asked.role_id, asked.unit_id, asked.inherit_to_descendants,
        asked.valid_until
    );
    if asked.status <> 'pending' or asked.expires_at <= authz.clock() then
        raise exception 'request % is not pending', asked.id
            using errcode = '23514', hint = 'It was decided or withdrawn, or has expired.';
    end if;
    return asked;
end
$$;

comment on function authz_private.pending_request(bigint, bigint) is
    'The request, locked, where the acting user may decide it: neither asked for it nor is to '
    'receive it, and could give the role themselves. 42501 otherwise, hidden and missing objects '
    'alike; 23514 decided, withdrawn or expired.';
revoke all on function authz_private.pending_request(bigint, bigint) from public;
