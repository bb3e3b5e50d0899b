-- Whose rows are gone has no code any more: the run that deleted them ended before the last step.

create or replace function ops.departed_tenants(tenant text)
returns setof int
language sql stable security invoker parallel restricted
begin atomic
    select m.tenant_id
    from ops.moved_tenants as m
    left join authz.org_units as u on m.tenant_id = u.id
    where m.state = 'departed'
        and (u.id is null or u.code = departed_tenants.tenant)
    order by m.tenant_id;
end;

comment on function ops.departed_tenants(text) is
    'The ids of departed tenants that are still to be removed here: the one with this code, and '
    'those whose rows are deleted already.';
revoke all on function ops.departed_tenants(text) from public;
