-- The decision for all places at once: what a user reaches, as few arrays as will do, so that a
-- query over rows needs no function of the row. Made of the same grants as a single check, with an
-- empty context.

create or replace function authz_private.scope_of(
    user_id bigint,
    resource text,
    action text,
    with_delegations boolean default true,
    out tenant_id int,
    out base_unit_id int,
    out every_tenant boolean,
    out whole_tenant boolean,
    out unit_ids int [],
    out own_rows boolean,
    out other_tenants boolean,
    out own_denied boolean
)
returns record
language plpgsql stable security invoker parallel restricted
as $$
declare
    is_plain boolean;
    has_templates boolean;
    has_delegations boolean;
    grants authz_private.placed_grant [];
    denies authz_private.placed_grant [] := '{}';
    roots ext.ltree [];
    singles int [];
    extra_units int [] := '{}';
    tenant_root ext.ltree;
    base_path ext.ltree;
    facts jsonb;
    winner authz.policy_effect;
    at_base authz.policy_effect;
begin
    other_tenants := false;
    own_denied := false;
    unit_ids := '{}';

    -- One statement for all that most users need: what a statement costs is mostly its start.
    select
        u.tenant_id,
        u.base_unit_id,
        c.is_current and g.is_plain,
        exists (
            select
            from authz.permission_templates as t
            where t.permission_key = scope_of.resource || '.' || scope_of.action
                and t.tenant_id = u.tenant_id
        ),
        exists (
            select
            from authz.delegations as d
            where d.delegate_id = scope_of.user_id and d.status = 'active'
        ),
        g.every_tenant,
        g.whole_tenant,
        g.own_rows,
        g.roots,
        g.singles
    into
        scope_of.tenant_id, scope_of.base_unit_id, is_plain, has_templates, has_delegations,
        every_tenant, whole_tenant, own_rows, roots, singles
    from authz.users as u
    cross join authz_private.expansion_is_current() as c
    cross join lateral (
        select
            bool_and(h.conditions is null and h.effect = 'allow') is not false as is_plain,
            coalesce(bool_or(h.scope = 'system'), false) as every_tenant,
            coalesce(
                bool_or(
                    h.scope not in ('own', 'system')
                    and (h.scope <> 'team' or h.inherit_to_descendants)
                    and ext.nlevel(h.anchor_path) = 1
                ),
                false
            ) as whole_tenant,
            coalesce(bool_or(h.scope = 'own'), false) as own_rows,
            array_agg(distinct h.anchor_path) filter (
                where h.scope not in ('own', 'system')
                    and (h.scope <> 'team' or h.inherit_to_descendants)
            ) as roots,
            array_agg(distinct h.unit_id) filter (
                where h.scope = 'team' and not h.inherit_to_descendants
            ) as singles
        from authz_private.expanded_grants(
            scope_of.user_id, scope_of.resource, scope_of.action
        ) as h
        where h.anchor_path is not null
    ) as g
    where u.id = scope_of.user_id;
    if not found then
        every_tenant := false;
        whole_tenant := false;
        own_rows := false;
        return;
    end if;

    if has_templates then
        extra_units := array(
            select t.unit_id
            from authz_private.template_units(
                scope_of.user_id, scope_of.resource || '.' || scope_of.action
            ) as t
        );
    end if;
    if has_delegations and with_delegations then
        extra_units := array(
            select t.id
            from unnest(extra_units) as t (id)
            union
            select d.id
            from authz_private.delegated_units(
                scope_of.user_id, scope_of.resource, scope_of.action
            ) as d (id)
        );
    end if;

    if is_plain is not true then
        select
            coalesce(
                array_agg(row(
                    h.effect, h.priority, h.scope, h.unit_id, h.anchor_path,
                    h.scope <> 'team' or h.inherit_to_descendants, h.conditions
                )::authz_private.placed_grant),
                '{}'
            )
        into grants
        from authz_private.held_grants(
            scope_of.user_id, scope_of.resource, scope_of.action
        ) as h
        where h.anchor_path is not null;
        if exists (select from unnest(grants) as g where g.conditions is not null) then
            facts := authz_private.facts(scope_of.user_id, '{}');
            grants := array(
                select g
                from unnest(grants) as g
                where g.conditions is null
                    or coalesce(
                        authz_private.condition_holds(g.conditions, facts), g.effect = 'deny'
                    )
            );
        end if;
        denies := array(select g from unnest(grants) as g where g.effect = 'deny');

        select
            coalesce(bool_or(g.scope = 'system'), false),
            coalesce(bool_or(g.scope = 'own'), false),
            array_agg(distinct g.anchor_path) filter (
                where g.is_subtree and g.scope not in ('own', 'system')
            ),
            array_agg(distinct g.unit_id) filter (where not g.is_subtree)
        into every_tenant, own_rows, roots, singles
        from unnest(grants) as g
        where g.effect = 'allow';
        whole_tenant := coalesce(
            exists (select from unnest(roots) as r (path) where ext.nlevel(r.path) = 1), false
        );
    end if;

    -- Every tenant that this cell holds, spelled out while another one is between two cells.
    if every_tenant then
        if exists (select from ops.moved_tenants as m where m.state <> 'here') then
            every_tenant := false;
            whole_tenant := false;
            roots := array(
                select n.path
                from authz.org_units as n
                left join ops.moved_tenants as m on n.id = m.tenant_id
                where n.parent_id is null and coalesce(m.state, 'here') = 'here'
            );
        end if;
    end if;

    if denies <> '{}' then
        -- The tenant spelled out, that something can be taken from it.
        if every_tenant then
            select g.effect
            into winner
            from unnest(grants) as g
            where g.scope = 'system'
            order by g.priority desc, g.effect desc
            limit 1;
            other_tenants := winner = 'allow';
        end if;
        if every_tenant or whole_tenant then
            select n.path
            into tenant_root
            from authz.org_units as n
            where n.id = scope_of.tenant_id;
            roots := array[tenant_root];
        end if;
        every_tenant := false;
        whole_tenant := false;
    elsif every_tenant or whole_tenant then
        own_rows := false;
        return;
    end if;

    -- distinct: one grant may lie inside another.
    if cardinality(roots) = 1 and singles is null then
        unit_ids := array(select s.unit_id from authz_private.subtree(roots[1]) as s);
    elsif roots is not null or singles is not null then
        unit_ids := array(
            select s.unit_id
            from unnest(roots) as r (path)
            cross join lateral authz_private.subtree(r.path) as s
            union
            select i.unit_id
            from unnest(singles) as i (unit_id)
        );
    end if;

    if extra_units <> '{}' then
        unit_ids := array(
            select i.id from unnest(unit_ids) as i (id) union select t.id from unnest(extra_units) as t (id)
        );
    end if;

    if denies <> '{}' then
        unit_ids := array(
            select n.id
            from unnest(unit_ids) as i (id)
            inner join authz.org_units as n on i.id = n.id
            where not exists (
                    select
                    from unnest(denies) as d
                    where authz_private.grant_reaches(
                            d.scope, d.unit_id, d.anchor_path, d.is_subtree, n.id, n.path, false
                        )
                )
                or (
                    select
                        g.effect = 'allow'
                        -- Templates and delegations allow at priority 0, where deny wins.
                        or g.priority < 0 and n.id = any(extra_units)
                    from unnest(grants) as g
                    where authz_private.grant_reaches(
                            g.scope, g.unit_id, g.anchor_path, g.is_subtree, n.id, n.path, false
                        )
                    order by g.priority desc, g.effect desc
                    limit 1
                )
        );
        -- What the user owns is owned in the base unit: one more place to decide.
        select n.path into base_path from authz.org_units as n where n.id = base_unit_id;
        select
            case
                when g.priority < 0 and base_unit_id = any(extra_units) then 'allow' else g.effect
            end
        into at_base
        from unnest(grants) as g
        where authz_private.grant_reaches(
                g.scope, g.unit_id, g.anchor_path, g.is_subtree, base_unit_id, base_path, true
            )
        order by g.priority desc, g.effect desc
        limit 1;
        own_denied := coalesce(at_base = 'deny', false) and base_unit_id = any(unit_ids);
        own_rows := coalesce(at_base = 'allow', false);
    end if;
    if base_unit_id = any(unit_ids) then
        own_rows := false;
    end if;
end
$$;

comment on function authz_private.scope_of(bigint, text, text, boolean) is
    'What the user reaches for resource:action: everything, a whole tenant, or unit_ids; '
    'other_tenants, that every other tenant is also reached; own_rows, that rows they own '
    'count though their unit does not; own_denied, that rows they own do not though their unit '
    'does. An unknown user or resource reaches nothing. with_delegations: what is delegated '
    'counts too.';
revoke all on function authz_private.scope_of(bigint, text, text, boolean) from public;
