-- By who needs it.

create or replace function authz.request_delegation(
    delegator_id bigint,
    resource text,
    action text,
    unit_id int,
    valid_until timestamptz,
    reason text,
    valid_from timestamptz default null,
    inherit_to_descendants boolean default true
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
    begins timestamptz := coalesce(request_delegation.valid_from, authz.clock());
    new_id bigint;
begin
    if authz_private.may_refer_to_user(me, request_delegation.delegator_id) is not true
        and me is distinct from request_delegation.delegator_id
    then
        perform authz_private.refuse_administration('delegator_id');
    end if;
    perform authz_private.check_delegation(
        request_delegation.delegator_id, me, request_delegation.resource,
        request_delegation.action, request_delegation.unit_id, begins,
        request_delegation.valid_until, request_delegation.reason
    );
    insert into authz.delegations as d (
        tenant_id, delegator_id, delegate_id, resource, action, unit_id, inherit_to_descendants,
        valid_from, valid_until, status, reason, requested_by
    )
    select
        u.tenant_id,
        request_delegation.delegator_id,
        me,
        r.path,
        request_delegation.action,
        request_delegation.unit_id,
        coalesce(request_delegation.inherit_to_descendants, true),
        begins,
        request_delegation.valid_until,
        'pending',
        request_delegation.reason,
        me
    from authz.users as u
    inner join authz.resources as r on r.code = request_delegation.resource
    where u.id = me
    returning d.id into new_id;
    return row(new_id, 'pending', authz.policy_version())::authz.change;
end
$$;

comment on function authz.request_delegation(
    
    bigint, text, text, int, timestamptz, text, timestamptz, boolean

) is
    'Asks that the user who is signed in may do resource:action for the delegator, who may be '
    'away: a third person approves or rejects it. Arguments and errors as of authz.delegate.';
revoke all on function authz.request_delegation(
    
    bigint, text, text, int, timestamptz, text, timestamptz, boolean

) from public;
grant execute on function authz.request_delegation(
    
    bigint, text, text, int, timestamptz, text, timestamptz, boolean

) to fundwarden_app;
