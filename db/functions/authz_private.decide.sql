-- The decision, for one user and one place: default deny, the highest priority wins, of equals
-- deny.
-- A condition that cannot be told (its field is not in the context) lets nobody in: an allow does
-- not count then, a deny does.

create or replace function authz_private.decide(
    user_id bigint, resource text, action text, unit_id int, context jsonb
)
returns boolean
language plpgsql stable security invoker parallel safe
as $$
declare
    asked_path ext.ltree;
    is_owner boolean;
    winner record;
begin
    select n.path into asked_path from authz.org_units as n where n.id = decide.unit_id;
    if not found then
        return false;
    end if;
    is_owner := context is not null
        and coalesce(context ->> 'owner_id' = decide.user_id::text, false);

    select h.effect, h.priority
    into winner
    from authz_private.held_grants(
        decide.user_id, decide.resource, decide.action,
        authz_private.view_answers_for(decide.user_id)
    ) as h
    where authz_private.grant_reaches(
            h.scope, h.unit_id, h.anchor_path, h.inherit_to_descendants,
            decide.unit_id, asked_path, is_owner
        )
        and (
            h.conditions is null
            or coalesce(
                authz_private.condition_holds(
                    h.conditions, authz_private.facts(decide.user_id, context)
                ),
                h.effect = 'deny'
            )
        )
    order by h.priority desc, h.effect desc
    limit 1;
    if winner.effect = 'allow' then
        return true;
    end if;
    -- Templates allow at priority 0, where deny wins. Most questions have none.
    if winner.priority >= 0 or not exists (
        select
        from authz.permission_templates as t
        where t.permission_key = decide.resource || '.' || decide.action
    )
    then
        return false;
    end if;
    return authz_private.template_allows(
        decide.user_id, decide.unit_id, asked_path, decide.resource || '.' || decide.action
    );
end
$$;

comment on function authz_private.decide(bigint, text, text, int, jsonb) is
    'Whether the user may do resource:action in the unit, given the context; false for a unit or '
    'resource that does not exist. Asks for no permission to ask.';
revoke all on function authz_private.decide(bigint, text, text, int, jsonb) from public;
