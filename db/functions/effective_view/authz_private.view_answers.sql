-- Inlined into its callers, so that the view and what it is asked are one plan. Asked within the
-- snapshot of the question: what is read beside it is read in the same snapshot. Anything doubtful
-- means no, and the tables are read instead. The body is text, because a parsed one would depend on
-- the view and keep it from being made again.

create or replace function authz_private.view_answers(user_id bigint)
returns table (answers boolean)
language sql stable security invoker parallel safe
as $$
    select
        -- No change of the user or of everyone that the view has not seen, no view older than the
        -- marks that were deleted.
        not exists (
            select
            from authz_private.policy_marks as m
            where m.user_id = view_answers.user_id
                and (
                    m.xid = v.refreshed_by
                    or not pg_visible_in_snapshot(m.xid, v.snapshot)
                )
        )
        and not exists (
            select
            from authz_private.policy_marks as m
            where m.user_id is null
                and case
                    when m.is_floor then
                        m.nonce is distinct from v.nonce
                        and m.xid > pg_snapshot_xmin(v.snapshot)
                    else
                        m.xid = v.refreshed_by
                        or not pg_visible_in_snapshot(m.xid, v.snapshot)
                end
        )
        -- Nor has the view seen what this snapshot has not: a plain REFRESH shows its rows to older
        -- snapshots too.
        and (
            pg_visible_in_snapshot(v.refreshed_by, pg_current_snapshot())
            or v.refreshed_by = pg_current_xact_id_if_assigned()
        )
        -- And all that marks changes has been there, untouched, since.
        and (
            select count(*) = authz_private.expected_marking_triggers()
            from pg_trigger as t
            where t.oid = any(v.guard_ids) and t.tgenabled = 'A' and t.xmin = any(v.guard_changes)
        )
    from authz.user_effective_policies as v
    where v.user_id is null;
$$;

comment on function authz_private.view_answers(bigint) is
    'Whether authz.user_effective_policies holds exactly what the tables say of the user, in the '
    'snapshot of the caller; no row: no. 55000 when it has never been refreshed.';
revoke all on function authz_private.view_answers(bigint) from public;
