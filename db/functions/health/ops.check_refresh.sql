-- By number and not by time: the clock of a log can be set back.

create or replace function ops.check_refresh()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    finished timestamptz;
    took interval;
    last_id bigint;
    failures bigint;
    code text;
begin
    select l.finished_at, l.finished_at - l.started_at, l.id
    into finished, took, last_id
    from ops.refresh_log as l
    where l.failure is null
    order by l.id desc
    limit 1;
    -- The code of the last error: its words may quote a value.
    select
        count(*),
        (array_agg(substring(l.failure from '[(]([0-9A-Z]{5})[)]$') order by l.id desc))[1]
    into failures, code
    from ops.refresh_log as l
    where l.failure is not null
        and l.id > coalesce(last_id, 0);

    return ops.finding(
        'refresh',
        'The last refresh of the view succeeded',
        'warning',
        failures,
        format(
            'failed since the last that succeeded: %s%s; that one ended %s and took %s ms',
            failures, ' (' || code || ')',
            coalesce(to_char(finished at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"'), 'never'),
            coalesce(round(extract(epoch from took) * 1000), 0)
        ),
        'ops.effective_view_health() has the error. Answers are exact meanwhile.',
        'select authz.refresh_user_effective_policies();',
        'fundwarden_operator'
    );
end
$$;

comment on function ops.check_refresh() is
    'Refreshes of authz.user_effective_policies that failed after the last that did not; when that '
    'was and how long it took.';
revoke all on function ops.check_refresh() from public;
grant execute on function ops.check_refresh()
to fundwarden_operator, fundwarden_auditor;
