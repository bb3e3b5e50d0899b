-- Two grants with a window meet in an exclusion constraint, two without in a unique index; one of
-- each meet in neither. One exclusion constraint for all would cost
-- 45 microseconds a row.

create or replace function authz_private.tg_one_open_window()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    overlap record;
begin
    -- In one order, so that no two statements wait for each other. What the other transaction has
    -- committed is in the snapshot of the next statement; at REPEATABLE READ this one ends in 40001.
    insert into authz_private.grant_turns as t (user_id, xid)
    select
        n.user_id,
        pg_current_xact_id()
    from new_rows as n
    group by n.user_id
    order by n.user_id
    on conflict (user_id) do update
    set xid = excluded.xid
    where t.xid <> excluded.xid;

    select
        w.user_id,
        w.granted_id,
        w.unit_id
    into overlap
    from authz_private.windows as w
    where w.kind = tg_table_name
        and w.is_unlimited
        and (w.tenant_id, w.user_id) in (select n.tenant_id, n.user_id from new_rows as n)
        and exists (
            select
            from authz_private.windows as o
            where o.kind = tg_table_name
                and not o.is_unlimited
                and o.tenant_id = w.tenant_id
                and o.user_id = w.user_id
                and o.granted_id is not distinct from w.granted_id
                and o.unit_id is not distinct from w.unit_id
        )
    limit 1;
    if found then
        raise exception 'a window of user_id % overlaps the same grant without one',
            overlap.user_id
            using
                errcode = '23P01',
                detail = format(
                    'In authz.%s: of %s at unit_id %s.',
                    tg_table_name, coalesce(overlap.granted_id::text, 'membership'),
                    coalesce(overlap.unit_id::text, 'null')
                ),
                hint = 'Give the one without a window an end first, or change it.';
    end if;
    return null;
end
$$;

comment on function authz_private.tg_one_open_window() is
    'Trigger, for tables in authz_private.windows with the transition table new_rows: refuses a '
    'grant with a window beside the same one without with 23P01. 40001 another transaction wrote '
    'grants of the user: retry.';
revoke all on function authz_private.tg_one_open_window() from public;
