-- For a person to decide: an index may serve a question of the end of the year, and usage on
-- standbys is not counted here.

create or replace function ops.check_unused_indexes()
returns ops.health_check
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    unused bigint;
    bytes numeric;
    which text;
begin
    select
        count(*),
        coalesce(sum(pg_relation_size(i.indexrelid)), 0),
        array_to_string(
            (array_agg(i.indexrelid::regclass::text order by pg_relation_size(i.indexrelid) desc))
            [1:5],
            ', '
        )
    into unused, bytes, which
    from pg_index as i
    inner join pg_class as c on i.indexrelid = c.oid
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspname in ('authz', 'authz_private', 'finance', 'audit', 'ops')
        and c.relkind = 'i'
        and not i.indisunique
        and pg_relation_size(i.indexrelid) > 8 * 1024 * 1024
        and pg_stat_get_numscans(i.indexrelid) = 0;

    return ops.finding(
        'unused_indexes',
        'Large indexes are used',
        'info',
        unused,
        format(
            'never used since the statistics began: %s, %s%s',
            unused, pg_size_pretty(bytes), ' (' || which || ')'
        ),
        'Of use are those of the foreign keys and of sort orders that nobody has asked for yet. '
        'One of your own that nothing needs can be dropped.',
        case when unused > 0 then
            'select i.indexrelname, i.idx_scan from pg_stat_user_indexes as i order by i.idx_scan;'
        end,
        'fundwarden_operator'
    );
end
$$;

comment on function ops.check_unused_indexes() is
    'Indexes of more than 8 MB that are not unique and that nothing has read since statistics '
    'began.';
revoke all on function ops.check_unused_indexes() from public;
grant execute on function ops.check_unused_indexes()
to fundwarden_operator, fundwarden_auditor;
