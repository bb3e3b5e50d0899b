-- The one clock of every window. statement_timestamp() rather than now(): a long transaction must
-- not keep an expired grant alive.

create or replace function authz.clock()
returns timestamptz
language sql stable security invoker parallel safe
begin atomic
    select coalesce(
        (select o.instant from authz_private.clock_override as o), statement_timestamp()
    );
end;

comment on function authz.clock() is
    'The instant at which windows are tested: the start of the current statement. The owner may '
    'override it for tests in authz_private.clock_override.';
revoke all on function authz.clock() from public;
