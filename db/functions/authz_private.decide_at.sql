-- The decision, for one user and one place: default deny, the highest priority wins, of equals
-- deny. What the caller had to read anyway comes as an argument: each statement costs as much as
-- the rest of the answer.

create or replace function authz_private.decide_at(
    user_id bigint,
    resource text,
    action text,
    unit_id int,
    context jsonb,
    unit_path ext.ltree,
    view_is_populated boolean,
    has_templates boolean,
    has_delegations boolean
)
returns boolean
language plpgsql stable security invoker parallel safe
as $$
declare
    is_owner boolean := context is not null
        and coalesce(context ->> 'owner_id' = decide_at.user_id::text, false);
    is_stored boolean;
    effect authz.policy_effect;
    priority int;
begin
    if view_is_populated then
        select
            v.answers,
            w.effect,
            w.priority
        into is_stored, effect, priority
        from authz_private.view_answers(decide_at.user_id) as v
        left join lateral (
            select
                g.effect,
                g.priority
            from authz_private.stored_grants(
                decide_at.user_id, decide_at.resource, decide_at.action
            ) as g
            where authz_private.grant_reaches(
                    g.scope, g.unit_id, g.anchor_path, g.inherit_to_descendants,
                    decide_at.unit_id, decide_at.unit_path, is_owner
                )
                and authz_private.grant_holds(
                    g.conditions, g.effect, decide_at.user_id, decide_at.context
                )
            order by g.priority desc, g.effect desc
            limit 1
        ) as w on true;
    end if;
    if is_stored is not true then
        select
            g.effect,
            g.priority
        into effect, priority
        from authz_private.live_grants(
            decide_at.user_id, decide_at.resource, decide_at.action
        ) as g
        where authz_private.grant_reaches(
                g.scope, g.unit_id, g.anchor_path, g.inherit_to_descendants,
                decide_at.unit_id, decide_at.unit_path, is_owner
            )
            and authz_private.grant_holds(
                g.conditions, g.effect, decide_at.user_id, decide_at.context
            )
        order by g.priority desc, g.effect desc
        limit 1;
    end if;
    if effect = 'allow' then
        return true;
    end if;
    -- Templates and delegations allow at priority 0, where deny wins.
    if priority >= 0 then
        return false;
    end if;
    if has_templates
        and authz_private.template_allows(
            decide_at.user_id, decide_at.unit_id, decide_at.unit_path,
            decide_at.resource || '.' || decide_at.action
        )
    then
        return true;
    end if;
    return has_delegations
        and authz_private.delegation_allows(
            decide_at.user_id, decide_at.resource, decide_at.action, decide_at.unit_id,
            decide_at.context, decide_at.unit_path, decide_at.view_is_populated,
            decide_at.has_templates
        );
end
$$;

comment on function authz_private.decide_at(
    bigint, text, text, int, jsonb, ext.ltree, boolean, boolean, boolean
) is
    'authz_private.decide, told the path of the unit, whether authz.user_effective_policies was '
    'ever refreshed, whether any template has the key, and whether anything is delegated to the '
    'user: false leaves delegations out.';
revoke all on function authz_private.decide_at(
    bigint, text, text, int, jsonb, ext.ltree, boolean, boolean, boolean
) from public;
