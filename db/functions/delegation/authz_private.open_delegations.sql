-- Inlined into its callers: what is delegated to somebody now.

create or replace function authz_private.open_delegations(
    user_id bigint, resource text, action text
)
returns table (
    delegation_id bigint,
    delegator_id bigint,
    unit_id int,
    unit_path ext.ltree,
    inherit_to_descendants boolean
)
language sql stable security invoker parallel safe
begin atomic
    select
        d.id,
        d.delegator_id,
        n.id,
        n.path,
        d.inherit_to_descendants
    from authz.delegations as d
    inner join authz.users as u on d.tenant_id = u.tenant_id and d.delegate_id = u.id
    inner join authz.org_units as n on d.tenant_id = n.tenant_id and d.unit_id = n.id
    inner join authz.resources as r on d.resource operator (ext.@>) r.path
    where d.delegate_id = open_delegations.user_id
        and d.status = 'active'
        and d.valid_from <= authz.clock()
        and d.valid_until > authz.clock()
        and d.action in (open_delegations.action, 'manage')
        and r.code = open_delegations.resource
        and u.is_active
        and n.is_active;
end;

comment on function authz_private.open_delegations(bigint, text, text) is
    'Delegations of resource:action to the user that are in force now; what the delegators may do '
    'themselves is not asked yet.';
revoke all on function authz_private.open_delegations(bigint, text, text) from public;
