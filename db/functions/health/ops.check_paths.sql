-- Reads every unit once.

create or replace function ops.check_paths()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wrong bigint;
    which text;
begin
    select
        count(*),
        array_to_string((array_agg(n.id order by n.level, n.id))[1:5], ', ')
    into wrong, which
    from authz.org_units as n
    left join authz.org_units as p on n.parent_id = p.id
    where n.path is distinct from coalesce(p.path || n.code, n.code::ltree)
        or n.level is distinct from nlevel(n.path);

    return ops.finding(
        'paths',
        'Paths and levels are what the parents say',
        'critical',
        wrong,
        format('units with a wrong path or level: %s%s', wrong, ' (' || which || ')'),
        'Somebody has gone around the triggers of authz.org_units. The command writes all paths '
        'anew.',
        'select ops.rebuild_tree();',
        'fundwarden_owner'
    );
end
$$;

comment on function ops.check_paths() is
    'Units whose path is not that of their parent and their code, or whose level is not its '
    'length. Reads every unit.';
revoke all on function ops.check_paths() from public;
grant execute on function ops.check_paths()
to fundwarden_operator, fundwarden_auditor;
