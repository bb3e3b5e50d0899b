-- Those of constraints too, which ALTER TABLE ... DISABLE TRIGGER ALL takes along.

create or replace function ops.check_triggers()
returns ops.health_check
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    ours bigint;
    internal bigint;
    commands text;
    which text;
begin
    select
        count(*) filter (where not t.tgisinternal),
        count(*) filter (where t.tgisinternal),
        string_agg(
            format('alter table %s enable trigger %I;', t.tgrelid::regclass, t.tgname),
            E'\n' order by t.tgrelid::regclass::text, t.tgname
        ) filter (where t.tgisinternal),
        array_to_string((array_agg(distinct t.tgrelid::regclass::text))[1:5], ', ')
    into ours, internal, commands, which
    from pg_trigger as t
    inner join pg_class as c on t.tgrelid = c.oid
    inner join pg_namespace as n on c.relnamespace = n.oid
    where n.nspname in ('authz', 'authz_private', 'finance', 'audit', 'ops')
        and t.tgenabled in ('D', 'R');

    return ops.finding(
        'triggers',
        'No trigger is disabled',
        'critical',
        ours + internal,
        format(
            'triggers disabled: %s, of foreign keys: %s%s', ours + internal, internal,
            ' (' || which || ')'
        ),
        'Then run ops.health_checks(whole => true): what they keep was not kept meanwhile.',
        case when internal > 0 then commands else 'runner migrate' end,
        'installer'
    );
end
$$;

comment on function ops.check_triggers() is
    'Triggers of our tables that are disabled, those that enforce foreign keys included.';
revoke all on function ops.check_triggers() from public;
grant execute on function ops.check_triggers()
to fundwarden_operator, fundwarden_auditor;
