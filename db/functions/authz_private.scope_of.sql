-- The one decision paging, counting and explaining ask: what a user reaches, as few arrays as
-- will do, so that a query over rows needs no function of the row.

create or replace function authz_private.scope_of(
    user_id bigint,
    resource text,
    action text,
    out tenant_id int,
    out base_unit_id int,
    out every_tenant boolean,
    out whole_tenant boolean,
    out unit_ids int [],
    out own_rows boolean
)
returns record
language plpgsql stable security invoker parallel restricted
as $$
declare
    roots ext.ltree [];
    singles int [];
begin
    select u.tenant_id, u.base_unit_id
    into scope_of.tenant_id, scope_of.base_unit_id
    from authz.users as u
    where u.id = scope_of.user_id;

    select
        coalesce(bool_or(g.scope = 'system'), false),
        coalesce(bool_or(g.scope = 'own'), false),
        array_agg(distinct g.anchor_path) filter (
            where g.scope in ('region', 'organization')
            or g.scope = 'team' and g.inherit_to_descendants
        ),
        array_agg(distinct g.unit_id) filter (
            where g.scope = 'team' and not g.inherit_to_descendants
        )
    into scope_of.every_tenant, scope_of.own_rows, roots, singles
    from authz_private.grants_of(scope_of.user_id, scope_of.resource, scope_of.action) as g
    where g.refusal is null;

    scope_of.whole_tenant := coalesce(
        exists (select from unnest(roots) as r (path) where ext.nlevel(r.path) = 1), false
    );
    scope_of.unit_ids := '{}';
    if scope_of.every_tenant or scope_of.whole_tenant then
        scope_of.own_rows := false;
        return;
    end if;

    -- distinct: one grant may lie inside another.
    if cardinality(roots) = 1 and singles is null then
        scope_of.unit_ids := array(select s.unit_id from authz_private.subtree(roots[1]) as s);
    elsif roots is not null or singles is not null then
        scope_of.unit_ids := array(
            select s.unit_id
            from unnest(roots) as r (path)
            cross join lateral authz_private.subtree(r.path) as s
            union
            select i.unit_id
            from unnest(singles) as i (unit_id)
        );
    end if;
    if scope_of.base_unit_id = any(scope_of.unit_ids) then
        -- What the user owns is owned in the base unit, hence already within.
        scope_of.own_rows := false;
    end if;
end
$$;

comment on function authz_private.scope_of(bigint, text, text) is
    'What the user reaches for resource:action: everything, a whole tenant, or unit_ids, and '
    'whether rows they own count besides. An unknown user or resource reaches nothing.';
revoke all on function authz_private.scope_of(bigint, text, text) from public;
