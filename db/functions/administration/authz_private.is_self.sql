-- Nobody administers themselves: what one may do to oneself, somebody who takes over a session may.

create or replace function authz_private.is_self(actor_id bigint, user_id bigint)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select is_self.actor_id = is_self.user_id;
end;

comment on function authz_private.is_self(bigint, bigint) is
    'Whether the user whose access is to change is the one who changes it.';
revoke all on function authz_private.is_self(bigint, bigint) from public;
