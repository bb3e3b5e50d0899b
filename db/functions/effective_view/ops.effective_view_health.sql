-- What runner status prints of the view. None of it makes an answer wrong, only slower.

create or replace function ops.effective_view_health()
returns table (
    refresh_mode text,
    is_populated boolean,
    marks bigint,
    marked_since timestamptz,
    failures bigint,
    last_failure text,
    last_success timestamptz,
    notes text []
)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    select s.refresh_mode into refresh_mode from authz.settings as s;
    is_populated := authz_private.view_is_populated();
    select count(*), min(m.marked_at)
    into marks, marked_since
    from authz_private.policy_marks as m
    where not m.is_floor;
    select max(l.finished_at) into last_success from ops.refresh_log as l where l.failure is null;
    -- By number: the clock of a log can be set back.
    select count(*), (array_agg(l.failure order by l.id desc))[1]
    into failures, last_failure
    from ops.refresh_log as l
    where l.failure is not null
        and l.id > coalesce(
            (select max(x.id) from ops.refresh_log as x where x.failure is null), 0
        );
    notes := array_remove(
        array[
            format('effective view: refresh mode %s', refresh_mode),
            case when not is_populated then
                'effective view: not populated; every answer is computed from the tables'
            end,
            case when marks > 0 then
                format(
                    'effective view: marks waiting for a refresh: %s, since %s', marks, marked_since
                )
            end,
            case when failures > 0 then
                format(
                    'effective view: failed refreshes since the last that succeeded: %s; %s',
                    failures, last_failure
                )
            end
        ],
        null
    );
    return next;
end
$$;

comment on function ops.effective_view_health() is
    'One row on the state of authz.user_effective_policies: the refresh mode; whether the view has '
    'been filled; how many marks wait for a refresh, and since when; how many refreshes failed '
    'after the last that did not, and with what; notes '
    'says the same in sentences. Answers are exact in every state.';
revoke all on function ops.effective_view_health() from public;
grant execute on function ops.effective_view_health()
to fundwarden_operator, fundwarden_auditor;
