-- By neither who asked nor who delegates nor who receives.

create or replace function authz.approve_delegation(delegation_id bigint, reason text default null)
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
    asked := authz_private.pending_delegation(me, delegation_id);
    perform authz_private.check_delegation(
        asked.delegator_id, asked.delegate_id,
        (select r.code from authz.resources as r where r.path operator (ext.=) asked.resource),
        asked.action, asked.unit_id, asked.valid_from, asked.valid_until, asked.reason
    );
    update authz.delegations as d
    set status = 'active', decided_by = me, decided_at = clock_timestamp(),
        decision_reason = approve_delegation.reason
    where d.id = asked.id;
    return row(asked.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.approve_delegation(bigint, text) is
    'Puts a pending delegation in force, for a third person who holds permissions:create '
    'throughout its place, while the delegator still holds what is delegated. 28000 if nobody is '
    'signed in; 42501 if that is not allowed or the object does not exist, one of those '
    'concerned; 23514 if it is not pending, an exclusive role; 40001: retry.';
revoke all on function authz.approve_delegation(bigint, text) from public;
grant execute on function authz.approve_delegation(bigint, text) to fundwarden_app;
