-- The one refresh. Answers do not depend on it: whom the view does not answer for, the tables do.

create or replace function authz_private.refresh_policies(mode text)
returns boolean
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    view_id constant regclass := 'authz.user_effective_policies'::regclass;
    began constant timestamptz := clock_timestamp();
    changed bigint;
    refreshed record;
    floor_xid xid8;
    is_whole boolean;
    callers_timeout constant text := current_setting('lock_timeout');
begin
    -- Of all sessions one refreshes.
    perform from authz_private.refresh_turn for update skip locked;
    if not found then
        return false;
    end if;
    -- What was loaded since the last refresh is judged by its size: about 10 microseconds for each
    -- grant of 64 bytes.
    if mode = 'auto' then
        update authz_private.refresh_turn as t
        set expected = e.expected
        from (
            select interval '10 microseconds' * (
                (
                    pg_relation_size('authz.user_roles')
                    + pg_relation_size('authz.user_policies')
                    + pg_relation_size('authz.user_permissions')
                ) / 64
            ) as expected
        ) as e
        cross join authz.settings as s
        where e.expected > s.longest_auto_refresh;
        if found then
            return false;
        end if;
    end if;

    changed := pg_stat_get_xact_tuples_inserted(view_id) + pg_stat_get_xact_tuples_deleted(view_id);
    -- A writer does not wait for whoever refreshes or vacuums the view; who asked for a refresh does.
    if mode in ('auto', 'immediate') then
        perform set_config('lock_timeout', '100ms', true);
    end if;
    begin
        if not exists (
            select from authz_private.expansion_is_current() as c where c.is_current
        )
        then
            perform ops.rebuild_expanded_permissions();
        end if;
        -- To fill a view that held little is several times faster in one piece, and hardly anybody
        -- reads it.
        is_whole := not authz_private.view_is_populated()
            or mode = 'load' and pg_relation_size(view_id) < 1048576;
        if is_whole then
            refresh materialized view authz.user_effective_policies;
        else
            refresh materialized view concurrently authz.user_effective_policies;
        end if;
    exception
        -- Not hidden: logged, and the marks stay. A grant must not fail for a projection of it.
        when others then
            if mode in ('manual', 'load') then
                raise;
            end if;
            perform set_config('lock_timeout', callers_timeout, true);
            insert into ops.refresh_log (started_at, mode, failure)
            values (began, refresh_policies.mode, format('%s (%s)', sqlerrm, sqlstate));
            return false;
    end;
    perform set_config('lock_timeout', callers_timeout, true);
    changed := pg_stat_get_xact_tuples_inserted(view_id)
        + pg_stat_get_xact_tuples_deleted(view_id) - changed;
    -- Autovacuum would come a minute late: without statistics one user's grants are looked for
    -- among everybody's.
    if is_whole
        or changed > 1000
        and changed > (select c.reltuples from pg_class as c where c.oid = view_id) / 5
    then
        analyze authz.user_effective_policies;
    end if;

    -- Marks the new view has seen, those of this transaction among them, and those restored from
    -- another cluster, whose transactions this one does not know. The floor tells any view but
    -- this one and later ones that they are gone.
    select v.snapshot, v.refreshed_by, v.nonce
    into refreshed
    from authz.user_effective_policies as v
    where v.user_id is null;
    delete from authz_private.policy_marks as m
    where not m.is_floor
        and (
            m.xid < pg_snapshot_xmin(refreshed.snapshot)
            or m.xid = refreshed.refreshed_by
            or m.xid >= pg_snapshot_xmax(pg_current_snapshot())
        );
    floor_xid := (refreshed.refreshed_by::text::numeric + 1)::text::xid8;
    update authz_private.policy_marks as m
    set xid = floor_xid, nonce = refreshed.nonce
    where m.is_floor;
    if not found then
        insert into authz_private.policy_marks (xid, is_floor, nonce)
        values (floor_xid, true, refreshed.nonce);
    end if;

    -- The next one is concurrent, which takes about three times as long.
    update authz_private.refresh_turn
    set expected = (clock_timestamp() - began) * case when is_whole then 3 else 1 end;
    insert into ops.refresh_log (started_at, finished_at, mode, rows_changed)
    values (began, clock_timestamp(), refresh_policies.mode, changed);
    delete from ops.refresh_log as l
    where l.id <= (select max(x.id) - 10000 from ops.refresh_log as x);
    return true;
end
$$;

comment on function authz_private.refresh_policies(text) is
    'Refreshes authz.user_effective_policies, deletes the marks it has seen and logs it; false '
    'when another session does the same, it would take too long for the mode auto, or it failed '
    'and was logged (in the modes manual and load a failure is raised).';
revoke all on function authz_private.refresh_policies(text) from public;
