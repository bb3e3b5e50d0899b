-- Also by somebody who could no longer ask for it.

create or replace function authz.withdraw_delegation(delegation_id bigint, reason text default null)
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
    where d.id = withdraw_delegation.delegation_id and d.requested_by = me
    for no key update;
    if asked.id is null then
        perform authz_private.refuse_administration('delegation_id');
    end if;
    if asked.status <> 'pending' then
        raise exception 'delegation % is not pending', asked.id
            using
                errcode = '23514', hint = 'It was decided or withdrawn; an active one is revoked.';
    end if;
    update authz.delegations as d
    set status = 'withdrawn', decided_by = me, decided_at = clock_timestamp(),
        decision_reason = withdraw_delegation.reason
    where d.id = asked.id;
    return row(asked.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.withdraw_delegation(bigint, text) is
    'Withdraws a pending delegation, for who asked for it. 28000 if nobody is signed in; 42501 '
    'for anybody else, and if it does not exist; 23514 if it is not pending; 40001: retry.';
revoke all on function authz.withdraw_delegation(bigint, text) from public;
grant execute on function authz.withdraw_delegation(bigint, text) to fundwarden_app;
