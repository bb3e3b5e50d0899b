-- The decision, for one user and one place: default deny, the highest priority wins, of equals
-- deny. Effect and priority are one number, twice the priority and one more for deny, so that the
-- greatest is the winner without a sort. Most of what a decision costs is starting a statement for
-- each table it reads: hence one statement for all that most decisions need, and memberships apart.

create or replace function authz_private.verdict(
    user_id bigint,
    resource text,
    action text,
    unit_id int,
    context jsonb,
    with_delegations boolean default true
)
returns boolean
language plpgsql stable security invoker parallel safe
as $$
declare
    unit_path ext.ltree;
    is_known boolean;
    is_current boolean;
    has_templates boolean;
    has_delegations boolean;
    is_unplaced boolean;
    winner bigint;
begin
    select
        n.path,
        exists (select from authz.resources as r where r.code = verdict.resource),
        c.is_current,
        exists (
            select
            from authz.permission_templates as t
            where t.permission_key = verdict.resource || '.' || verdict.action
        ),
        exists (
            select
            from authz.delegations as d
            where d.delegate_id = verdict.user_id and d.status = 'active'
        ),
        w.is_unplaced,
        w.winner
    into unit_path, is_known, is_current, has_templates, has_delegations, is_unplaced, winner
    from authz.org_units as n
    cross join authz_private.expansion_is_current() as c
    cross join lateral (
        select
            bool_or(g.is_unplaced and g.scope <> 'own') as is_unplaced,
            max(g.priority::bigint * 2 + (g.effect = 'deny')::int) filter (
                where g.unit_is_active
                    and authz_private.grant_reaches(
                        g.scope, g.unit_id, g.anchor_path, g.inherit_to_descendants, n.id, n.path,
                        coalesce(verdict.context ->> 'owner_id' = verdict.user_id::text, false)
                    )
                    and authz_private.grant_holds(
                        g.conditions, g.effect, verdict.user_id, verdict.context
                    )
            ) as winner
        from authz_private.expanded_grants(
            verdict.user_id, verdict.resource, verdict.action, false
        ) as g
    ) as w
    where n.id = verdict.unit_id;
    if is_unplaced or is_current is not true then
        select max(g.priority::bigint * 2 + (g.effect = 'deny')::int)
        into winner
        from authz_private.held_grants(verdict.user_id, verdict.resource, verdict.action) as g
        where authz_private.grant_reaches(
                g.scope, g.unit_id, g.anchor_path, g.inherit_to_descendants,
                verdict.unit_id, unit_path,
                coalesce(verdict.context ->> 'owner_id' = verdict.user_id::text, false)
            )
            and authz_private.grant_holds(
                g.conditions, g.effect, verdict.user_id, verdict.context
            );
    end if;
    -- Templates and delegations allow at priority 0, where deny wins.
    if winner >= 0 or winner & 1 = 0 then
        return winner & 1 = 0;
    end if;
    if is_known is not true
        or not exists (select from authz.users as u where u.id = verdict.user_id)
    then
        return null;
    end if;
    return has_templates and authz_private.template_allows(
            verdict.user_id, verdict.unit_id, unit_path, verdict.resource || '.' || verdict.action
        )
        or with_delegations and has_delegations and authz_private.delegation_allows(
            verdict.user_id, verdict.resource, verdict.action, verdict.unit_id, verdict.context,
            unit_path
        );
end
$$;

comment on function authz_private.verdict(bigint, text, text, int, jsonb, boolean) is
    'Whether the user may do resource:action in the unit, given the context; null where the user, '
    'the resource or the unit does not exist. Asks for no permission to ask. with_delegations: '
    'what is delegated to the user counts too.';
revoke all on function authz_private.verdict(bigint, text, text, int, jsonb, boolean) from public;
