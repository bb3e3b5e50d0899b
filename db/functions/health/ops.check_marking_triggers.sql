-- A missing one makes no answer wrong: without all of them the view is not believed.

create or replace function ops.check_marking_triggers()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    missing bigint;
begin
    select authz_private.expected_marking_triggers() - count(*) filter (where t.is_always)
    into missing
    from authz_private.marking_triggers as t;

    return ops.finding(
        'marking_triggers',
        'Every change of access marks whom it concerns',
        'warning',
        missing,
        format('triggers that are missing, or not enabled always: %s', missing),
        'The view of effective policies is not read until they are there again and it is '
        'refreshed.',
        'runner migrate',
        'installer'
    );
end
$$;

comment on function ops.check_marking_triggers() is
    'Triggers that mark changes of effective policies and are missing or not enabled always.';
revoke all on function ops.check_marking_triggers() from public;
grant execute on function ops.check_marking_triggers()
to fundwarden_operator, fundwarden_auditor;
