-- Asked by the check and by what mends it, so that the one finds what the other does.

create or replace function authz_private.orphaned_delegations()
returns setof bigint
language sql stable security invoker parallel safe
begin atomic
    select d.id
    from authz.delegations as d
    inner join authz.users as f on d.tenant_id = f.tenant_id and d.delegator_id = f.id
    inner join authz.users as t on d.tenant_id = t.tenant_id and d.delegate_id = t.id
    inner join authz.org_units as n on d.tenant_id = n.tenant_id and d.unit_id = n.id
    where d.status in ('pending', 'active')
        and d.valid_until > authz.clock()
        and not (f.is_active and t.is_active and n.is_active);
end;

comment on function authz_private.orphaned_delegations() is
    'Delegations that have not ended, of or to somebody inactive or at an inactive unit.';
revoke all on function authz_private.orphaned_delegations() from public;
