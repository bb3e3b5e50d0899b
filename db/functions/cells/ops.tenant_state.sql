-- What a move asks both cells before it does anything.

create or replace function ops.tenant_state(tenant text)
returns table (tenant_id int, state text)
language sql stable security invoker parallel restricted
begin atomic
    select
        u.id,
        coalesce(m.state, 'here')
    from authz.org_units as u
    left join ops.moved_tenants as m on u.id = m.tenant_id
    where u.parent_id is null and u.code = tenant_state.tenant;
end;

comment on function ops.tenant_state(text) is
    'The id of a tenant of this cell, and whether it is here or arriving; no row where it is not.';
revoke all on function ops.tenant_state(text) from public;
