-- Numbers of transactions mean nothing on a server that a dump was restored to.

create or replace function authz_private.cluster_id()
returns bigint
language sql stable security invoker parallel safe
begin atomic
    select c.system_identifier from pg_control_system() as c;
end;

comment on function authz_private.cluster_id() is
    'Identifies the server and its physical copies.';
revoke all on function authz_private.cluster_id() from public;
