-- By whoever could approve.

create or replace function authz.reject_delegation(delegation_id bigint, reason text)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    asked authz.delegations;
begin
    me := authz_private.begin_administration(
        (select d.tenant_id from authz.delegations as d where d.id = delegation_id),
        'delegation_id'
    );
    perform authz_private.check_words(
        'reason', coalesce(reason, ''), 2000, 'Say why: 1 to 2000 characters.'
    );
    asked := authz_private.pending_delegation(me, delegation_id);
    update authz.delegations as d
    set status = 'rejected', decided_by = me, decided_at = clock_timestamp(),
        decision_reason = reject_delegation.reason
    where d.id = asked.id;
    return row(asked.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.reject_delegation(bigint, text) is
    'Rejects a pending delegation, for who could approve it. 28000 if nobody is signed in; 42501 '
    'if that is not allowed or the object does not exist; 22023 without a reason; 23514 if it is '
    'not pending; 40001: retry.';
revoke all on function authz.reject_delegation(bigint, text) from public;
grant execute on function authz.reject_delegation(bigint, text) to fundwarden_app;
