-- Behind authz.subordinates, whose result column is called like its argument: PL/pgSQL refuses
-- that, SQL does not.

create or replace function authz_private.subordinates_of(supervisor_id bigint)
returns table (subordinate_id bigint, depth int)
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    subject_id bigint := authz_private.user_in_question(subordinates_of.supervisor_id, 'user_id');
    scope record;
begin
    select * into scope from authz_private.scope_of(subject_id, 'users', 'read');
    return query
    select
        u.id,
        -- From the nearest unit a grant holds at.
        min(d.level - a.level)
    from authz_private.held_grants(
        subject_id, 'users', 'read'
    ) as g
    cross join lateral (
        select n.path, n.level
        from authz.org_units as n
        where n.path = g.anchor_path and g.scope <> 'system'
        union all
        select n.path, n.level
        from authz.org_units as n
        where g.scope = 'system' and n.parent_id is null
    ) as a
    cross join lateral authz_private.subtree(a.path) as s
    inner join authz.org_units as d on s.unit_id = d.id
    inner join authz.users as u on d.tenant_id = u.tenant_id and d.id = u.base_unit_id
    where g.effect = 'allow'
        and g.scope <> 'own'
        and (g.scope <> 'team' or g.inherit_to_descendants or d.id = g.unit_id)
        and u.id <> subject_id
        and (
            scope.every_tenant
            or scope.whole_tenant and u.tenant_id = scope.tenant_id
            or scope.other_tenants and u.tenant_id <> scope.tenant_id
            or u.base_unit_id = any(scope.unit_ids)
        )
    group by u.id;
end
$$;

comment on function authz_private.subordinates_of(bigint) is
    'Rows of authz.subordinates, with its errors.';
revoke all on function authz_private.subordinates_of(bigint) from public;
