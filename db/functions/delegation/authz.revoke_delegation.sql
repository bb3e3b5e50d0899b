-- By who delegated it, or an administrator.

create or replace function authz.revoke_delegation(delegation_id bigint, reason text default null)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    asked authz.delegations;
begin
    me := authz_private.signed_in_user();
    select d.*
    into asked
    from authz.delegations as d
    where d.id = revoke_delegation.delegation_id
    for no key update;
    if asked.id is null
        or me <> asked.delegator_id
        and (
            (select u.tenant_id from authz.users as u where u.id = me) <> asked.tenant_id
            or not authz_private.may_act(me, 'permissions', 'delete', asked.unit_id, false)
        )
    then
        perform authz_private.refuse_administration('delegation_id');
    end if;
    if asked.status not in ('active', 'pending') then
        raise exception 'delegation % is not in force', asked.id
            using errcode = '23514', hint = 'It was rejected, withdrawn or revoked.';
    end if;
    update authz.delegations as d
    set status = 'revoked', decided_by = me, decided_at = clock_timestamp(),
        decision_reason = revoke_delegation.reason
    where d.id = asked.id;
    return row(asked.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.revoke_delegation(bigint, text) is
    'Ends a delegation at once, for the delegator and for whoever holds permissions:delete at '
    'its unit. 28000 if nobody is signed in; 42501 for anybody else, and if it does not exist; '
    '23514 not in force; 40001: retry.';
revoke all on function authz.revoke_delegation(bigint, text) from public;
grant execute on function authz.revoke_delegation(bigint, text) to fundwarden_app;
