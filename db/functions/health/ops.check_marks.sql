-- Answers are exact however many marks there are; each is read by the decisions it concerns.

create or replace function ops.check_marks()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    waiting bigint;
    oldest interval;
    mode text;
begin
    select
        count(*),
        clock_timestamp() - min(m.marked_at)
    into waiting, oldest
    from authz_private.policy_marks as m
    where not m.is_floor;
    select s.refresh_mode into mode from authz.settings as s;

    return ops.finding(
        'marks',
        'Changes of access reach the view within ten minutes',
        case
            when waiting = 0 or oldest < interval '10 minutes' then 'ok'
            when mode = 'manual' then 'info'
            else 'warning'
        end::ops.severity,
        waiting,
        format(
            'marks waiting: %s; the oldest for %s s; refresh mode %s',
            waiting, coalesce(round(extract(epoch from oldest)), 0), mode
        ),
        'Refresh the view, and have it refreshed: runner refresh --listen, or a schedule. Where '
        'marks stay after that, see the check transactions.',
        'call authz.refresh_if_marked();',
        'fundwarden_operator'
    );
end
$$;

comment on function ops.check_marks() is
    'Marks that wait for a refresh of authz.user_effective_policies, and the age of the oldest.';
revoke all on function ops.check_marks() from public;
grant execute on function ops.check_marks()
to fundwarden_operator, fundwarden_auditor;
