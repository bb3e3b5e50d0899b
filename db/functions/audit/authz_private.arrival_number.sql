-- An arrival is noted when the last of its rows is here.

create or replace function authz_private.arrival_number(tenant_id int)
returns int
language sql stable security invoker parallel safe
begin atomic
    select coalesce(max(a.number), 0) + 1
    from audit.arrivals as a
    where a.tenant_id = arrival_number.tenant_id;
end;

comment on function authz_private.arrival_number(int) is
    'The number of the arrival of a tenant that is under way or comes next.';
revoke all on function authz_private.arrival_number(int) from public;
