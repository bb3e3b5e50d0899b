-- Inlined into its callers. A condition that cannot be told (its field is not in the context) lets
-- nobody in: an allow does not count then, a deny does.

create or replace function authz_private.conditions_hold_for(
    conditions jsonb, effect authz.policy_effect, user_id bigint, context jsonb
)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select conditions_hold_for.conditions is null
        or coalesce(
            authz_private.condition_holds(
                conditions_hold_for.conditions,
                authz_private.facts(conditions_hold_for.user_id, conditions_hold_for.context)
            ),
            conditions_hold_for.effect = 'deny'
        );
end;

comment on function authz_private.conditions_hold_for(jsonb, authz.policy_effect, bigint, jsonb) is
    'Whether a grant of that effect counts under its conditions, given who asks in what context.';
revoke all on function authz_private.conditions_hold_for(jsonb, authz.policy_effect, bigint, jsonb)
from public;
