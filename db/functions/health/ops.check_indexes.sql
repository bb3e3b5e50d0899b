-- By definition: an index of the right name on other columns serves no query.

create or replace function ops.check_indexes()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    wrong bigint;
    which text;
    commands text;
begin
    select
        count(*),
        array_to_string((array_agg(w.title order by w.title))[1:5], ', '),
        string_agg(w.command, E'\n' order by w.title)
    into wrong, which, commands
    from (
        select
            e.title,
            case
                when i.indexrelid is not null then format(E'drop index %s;\n', e.title)
                else ''
            end || e.definition || ';' as command
        from authz_private.expected_indexes() as e
        left join pg_index as i on to_regclass(e.title) = i.indexrelid
        where i.indexrelid is null
            or replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') <> e.definition
        union all
        -- As an interrupted CREATE INDEX CONCURRENTLY leaves them.
        select
            i.indexrelid::regclass::text,
            format('reindex index %s;', i.indexrelid::regclass)
        from pg_index as i
        inner join pg_class as c on i.indrelid = c.oid
        inner join pg_namespace as n on c.relnamespace = n.oid
        where n.nspname in ('authz', 'authz_private', 'finance', 'audit', 'ops')
            and not i.indisvalid
            and c.relkind <> 'p'
    ) as w (title, command);

    return ops.finding(
        'indexes',
        'Every index of fundwarden is there and valid',
        'warning',
        wrong,
        format('indexes missing, different or invalid: %s%s', wrong, ' (' || which || ')'),
        'Answers are right and slow. On a large table say concurrently.',
        commands,
        'fundwarden_owner'
    );
end
$$;

comment on function ops.check_indexes() is
    'Indexes that are missing, defined otherwise than fundwarden does, or invalid; the indexes of '
    'constraints are not among them.';
revoke all on function ops.check_indexes() from public;
grant execute on function ops.check_indexes()
to fundwarden_operator, fundwarden_auditor;
