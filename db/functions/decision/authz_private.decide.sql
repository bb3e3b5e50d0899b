-- Inlined into its callers: they ask on their own behalf, and what does not exist is a no.

create or replace function authz_private.decide(
    user_id bigint,
    resource text,
    action text,
    unit_id int,
    context jsonb,
    with_delegations boolean default true
)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select coalesce(
        authz_private.verdict(
            decide.user_id, decide.resource, decide.action, decide.unit_id, decide.context,
            decide.with_delegations
        ),
        false
    );
end;

comment on function authz_private.decide(bigint, text, text, int, jsonb, boolean) is
    'authz_private.verdict, and false where the user, the resource or the unit does not exist.';
revoke all on function authz_private.decide(bigint, text, text, int, jsonb, boolean) from public;
