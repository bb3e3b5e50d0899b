-- What a move asks both cells before it does anything.

create or replace function ops.tenant_state(tenant text)
returns table (tenant_id int, state text, to_cell int)
language sql stable security invoker parallel restricted
begin atomic
    select
        u.id,
        coalesce(m.state, 'here'),
        m.to_cell
    from authz.org_units as u
    left join ops.moved_tenants as m on u.id = m.tenant_id
    where u.parent_id is null and u.code = tenant_state.tenant;
end;

comment on function ops.tenant_state(text) is
    'The id of a tenant with rows in this cell, whether it is arriving, here or departed, and to '
    'which cell; no row where it is not.';
revoke all on function ops.tenant_state(text) from public;
