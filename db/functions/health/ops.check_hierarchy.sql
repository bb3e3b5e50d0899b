-- Reads every unit, once for each level of the tree: tens of milliseconds at ten thousand units.

create or replace function ops.check_hierarchy()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    orphans bigint;
    strangers bigint;
    others bigint;
    unlisted bigint;
    which text;
begin
    with recursive below (id, tenant_id) as (
        select
            n.id,
            n.tenant_id
        from authz.org_units as n
        where n.parent_id is null
        union
        select
            n.id,
            n.tenant_id
        from below as b
        inner join authz.org_units as n on b.id = n.parent_id and b.tenant_id = n.tenant_id
    )

    select
        count(*) filter (where p.id is null),
        count(*) filter (where p.tenant_id <> n.tenant_id),
        count(*) filter (where p.tenant_id = n.tenant_id),
        array_to_string((array_agg(n.id order by n.id))[1:5], ', ')
    into orphans, strangers, others, which
    from authz.org_units as n
    left join authz.org_units as p on n.parent_id = p.id
    where n.id not in (select b.id from below as b);

    select count(*)
    into unlisted
    from authz.org_units as n
    where n.parent_id is null
        and not exists (select from authz.tenants as t where t.id = n.id);

    return ops.finding(
        'hierarchy',
        'Every unit hangs below the root of its tenant',
        'critical',
        orphans + strangers + others + unlisted,
        format(
            'units without their parent: %s; below another tenant: %s; in a cycle or below such a '
            'unit: %s%s; roots that are no tenant: %s',
            orphans, strangers, others, ' (' || which || ')', unlisted
        ),
        'Look at these units; the command hangs the topmost of them below the root of their tenant '
        'and writes all paths anew. Then move them where they belong.',
        'select ops.rebuild_tree();',
        'fundwarden_owner'
    );
end
$$;

comment on function ops.check_hierarchy() is
    'Parents that are missing, of another tenant or in a cycle, and roots without a tenant. Reads '
    'every unit.';
revoke all on function ops.check_hierarchy() from public;
grant execute on function ops.check_hierarchy()
to fundwarden_operator, fundwarden_auditor;
