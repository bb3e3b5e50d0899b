-- Whether the view is of use at all; that it is right is not asked, for readers ask it each time.

create or replace function ops.check_effective_view()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    is_populated boolean;
    is_read boolean := false;
    changed_lately boolean := false;
begin
    select c.relispopulated
    into is_populated
    from pg_class as c
    where c.oid = 'authz.user_effective_policies'::regclass;
    if is_populated then
        is_read := authz_private.view_answers_for(null);
        changed_lately := exists (
            select
            from authz_private.policy_marks as m
            where m.user_id is null
                and not m.is_floor
                and m.marked_at > clock_timestamp() - interval '10 minutes'
        );
    end if;

    return ops.finding(
        'effective_view',
        'The view of effective policies is filled and read',
        case when changed_lately and is_populated then 'info' else 'warning' end::ops.severity,
        (not (is_populated and is_read))::int,
        case
            when not is_populated then 'it was never filled: every answer is computed'
            when is_read then 'it is read for whoever has no mark'
            when changed_lately then 'not read until it is refreshed after a change for everyone'
            else 'it is not read for anybody: every answer is computed'
        end,
        'Answers are exact, and slower. Where a refresh does not help, see the check '
        'marking_triggers.',
        'select authz.refresh_user_effective_policies();',
        'fundwarden_operator'
    );
end
$$;

comment on function ops.check_effective_view() is
    'Whether authz.user_effective_policies was filled, and is read for users without a mark.';
revoke all on function ops.check_effective_view() from public;
grant execute on function ops.check_effective_view()
to fundwarden_operator, fundwarden_auditor;
