-- Who waited for the move is told where the tenant is as long as its rows are here.

create or replace function ops.departure_is_over(tenant_id int)
returns boolean
language sql stable security invoker parallel restricted
begin atomic
    select not exists (
        select
        from ops.moved_tenants as m
        where m.tenant_id = departure_is_over.tenant_id
            and m.state = 'departed'
            and m.removing >= pg_snapshot_xmin(pg_current_snapshot())
    );
end;

comment on function ops.departure_is_over(int) is
    'Whether all transactions have ended that wrote or had signed in when the tenant departed.';
revoke all on function ops.departure_is_over(int) from public;
