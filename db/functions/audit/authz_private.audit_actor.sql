-- The one place that says who acts, for every row of the log.

create or replace function authz_private.audit_actor()
returns table (actor_id bigint, effective_user_id bigint)
language plpgsql stable security invoker parallel restricted
as $$
begin
    actor_id := authz.real_user_id();
    effective_user_id := authz.current_user_id();
    return next;
end
$$;

comment on function authz_private.audit_actor() is
    'The user who signed in by token, null for a trusted login without one, and the user whose '
    'permissions count; both null when nobody is signed in.';
revoke all on function authz_private.audit_actor() from public;
