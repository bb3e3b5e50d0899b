-- The decision, for one user and one place: default deny, the highest priority wins, of equals
-- deny. Effect and priority are one number, twice the priority and one more for deny, so that the
-- greatest is the winner without a sort. Most of what a decision costs is starting its statements,
-- by the tables and expressions in them: hence one statement for grants of the plainest kind, which
-- most are, and the whole of the rules only for who has others.

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
-- Always by index and with a plan that is kept: a plan is dear, and tables are small at first.
set plan_cache_mode = force_generic_plan
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
    is_owner boolean := coalesce(context ->> 'owner_id' = user_id::text, false);
    unit_path ext.ltree;
    is_known boolean;
    is_decided boolean;
    has_templates boolean;
    has_delegations boolean;
    winner bigint;
begin
    select
        a.path,
        exists (select from authz.resources as r where r.code = verdict.resource),
        c.is_current and w.is_plain,
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
        w.winner
    into unit_path, is_known, is_decided, has_templates, has_delegations, winner
    from authz.org_units as a
    cross join authz_private.expansion_is_current() as c
    cross join lateral (
        select
            bool_and(
                g.unit_id is not null
                and g.valid_from is null
                and g.valid_until is null
                and e.conditions is null
                and e.scope not in ('region', 'organization')
            ) is not false as is_plain,
            max(e.priority::bigint * 2 + (e.effect = 'deny')::int) filter (
                where n.is_active
                    and authz_private.grant_reaches(
                        e.scope, n.id, n.path, g.inherit_to_descendants, a.id, a.path, is_owner
                    )
            ) as winner
        from authz.users as u
        inner join authz_private.direct_grants as g on u.tenant_id = g.tenant_id and u.id = g.user_id
        inner join authz_private.expanded_permissions as e
            on
                g.granted_kind = e.granted_kind
                and g.granted_id = e.granted_id
                and e.resource = verdict.resource
                and e.action in (verdict.action, 'manage')
                and (e.tenant_id is null or u.tenant_id = e.tenant_id)
                and (e.scope <> 'own' or is_owner)
        left join authz.org_units as n on g.unit_id = n.id
        where u.id = verdict.user_id and u.is_active
    ) as w
    where a.id = verdict.unit_id;
    if is_decided is not true and unit_path is not null then
        select max(g.priority::bigint * 2 + (g.effect = 'deny')::int)
        into winner
        from authz_private.held_grants(verdict.user_id, verdict.resource, verdict.action) as g
        where authz_private.grant_reaches(
                g.scope, g.unit_id, g.anchor_path, g.inherit_to_descendants,
                verdict.unit_id, unit_path, is_owner
            )
            and authz_private.conditions_hold_for(
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
