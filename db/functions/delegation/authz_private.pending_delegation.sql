-- What has been decided is not decided again.

create or replace function authz_private.pending_delegation(actor_id bigint, delegation_id bigint)
returns authz.delegations
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    asked authz.delegations;
begin
    select d.*
    into asked
    from authz.delegations as d
    where d.id = pending_delegation.delegation_id
    for no key update;
    if asked.id is null
        or (select u.tenant_id from authz.users as u where u.id = actor_id) <> asked.tenant_id
        or not authz_private.may_act(
            actor_id, 'permissions', 'create', asked.unit_id, asked.inherit_to_descendants
        )
    then
        perform authz_private.refuse_administration('delegation_id');
    end if;
    if actor_id in (asked.requested_by, asked.delegator_id, asked.delegate_id) then
        raise exception 'delegation_id: a third person decides'
            using
                errcode = '42501',
                hint = 'Not who asked, delegates or receives; who asked may withdraw it.';
    end if;
    if asked.status <> 'pending' or asked.valid_until <= authz.clock() then
        raise exception 'delegation % is not pending', asked.id
            using errcode = '23514', hint = 'It was decided or withdrawn, or has ended.';
    end if;
    return asked;
end
$$;

comment on function authz_private.pending_delegation(bigint, bigint) is
    'The delegation, locked, where the acting user may decide it: none of the three concerned, '
    'and holding permissions:create throughout. 42501 otherwise, hidden and missing objects '
    'alike; 23514 decided, withdrawn or over.';
revoke all on function authz_private.pending_delegation(bigint, bigint) from public;
