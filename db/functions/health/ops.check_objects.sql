-- By name only: what was changed and not dropped, the runner sees, which knows how each looked.
-- Dynamic, because psql alone installs without this schema.

create or replace function ops.check_objects()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    title constant text := 'Every object of fundwarden is there';
    missing bigint;
    has_data boolean;
    which text;
begin
    if to_regclass('fundwarden.applied_objects') is null then
        return ops.finding(
            'objects', title, 'info', 1, 'installed without the runner: nothing to compare with',
            'Install with runner migrate to be told of what was dropped or changed.'
        );
    end if;
    execute $q$
        select
            count(*),
            bool_or(o.kind in ('table', 'sequence', 'type')),
            array_to_string((array_agg(o.identity order by o.kind, o.identity))[1:5], ', ')
        from fundwarden.applied_objects as o
        where case
                when o.kind in ('function', 'procedure') then to_regprocedure(o.identity) is null
                when o.kind in ('table', 'view', 'materialized view', 'sequence')
                    then to_regclass(o.identity) is null
                when o.kind = 'trigger' then not exists (
                    select
                    from pg_trigger as t
                    where format('%I on %s', t.tgname, t.tgrelid::regclass) = o.identity
                )
                when o.kind = 'policy' then not exists (
                    select
                    from pg_policy as p
                    where format('%I on %s', p.polname, p.polrelid::regclass) = o.identity
                )
                when o.kind = 'type' then to_regtype(o.identity) is null
                else false
            end
        $q$
    into missing, has_data, which;

    return ops.finding(
        'objects',
        title,
        'critical',
        missing,
        format('objects that were dropped: %s%s', missing, ' (' || which || ')'),
        case
            when has_data then 'A table or a type is gone: restore it from a backup.'
            else 'runner status also tells what was changed.'
        end,
        case when not has_data then 'runner migrate' end,
        'installer'
    );
end
$$;

comment on function ops.check_objects() is
    'Objects that runner migrate made and that are no longer there; runner status also compares '
    'what they are.';
revoke all on function ops.check_objects() from public;
grant execute on function ops.check_objects()
to fundwarden_operator, fundwarden_auditor;
