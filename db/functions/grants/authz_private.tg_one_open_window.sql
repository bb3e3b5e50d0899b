-- Two grants with a window meet in an exclusion constraint, two without in a unique index; one of
-- each meet in neither. One exclusion constraint for all would cost
-- 45 microseconds a row.

create or replace function authz_private.tg_one_open_window()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
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

    -- A statement for each table: one for all would be started over all four. Always by index: a
    -- plan is kept, and may have been made when many rows were written at once.
    if tg_table_name = 'user_roles' then
        select
            n.user_id,
            n.role_id as granted_id,
            n.unit_id
        into overlap
        from new_rows as n
        inner join authz.user_roles as o
            on
                n.tenant_id = o.tenant_id
                and n.user_id = o.user_id
                and n.role_id = o.role_id
                and n.unit_id is not distinct from o.unit_id
        where (n.valid_from is null and n.valid_until is null)
            <> (o.valid_from is null and o.valid_until is null)
        limit 1;
    elsif tg_table_name = 'user_policies' then
        select
            n.user_id,
            n.policy_id as granted_id,
            n.unit_id
        into overlap
        from new_rows as n
        inner join authz.user_policies as o
            on
                n.tenant_id = o.tenant_id
                and n.user_id = o.user_id
                and n.policy_id = o.policy_id
                and n.unit_id is not distinct from o.unit_id
        where (n.valid_from is null and n.valid_until is null)
            <> (o.valid_from is null and o.valid_until is null)
        limit 1;
    elsif tg_table_name = 'user_permissions' then
        select
            n.user_id,
            n.permission_id as granted_id,
            n.unit_id
        into overlap
        from new_rows as n
        inner join authz.user_permissions as o
            on
                n.tenant_id = o.tenant_id
                and n.user_id = o.user_id
                and n.permission_id = o.permission_id
                and n.unit_id is not distinct from o.unit_id
        where (n.valid_from is null and n.valid_until is null)
            <> (o.valid_from is null and o.valid_until is null)
        limit 1;
    else
        select
            n.user_id,
            null::int as granted_id,
            n.unit_id
        into overlap
        from new_rows as n
        inner join authz.memberships as o
            on
                n.tenant_id = o.tenant_id
                and n.user_id = o.user_id
                and n.unit_id is not distinct from o.unit_id
        where (n.valid_from is null and n.valid_until is null)
            <> (o.valid_from is null and o.valid_until is null)
        limit 1;
    end if;
    if overlap.user_id is not null then
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
    'Trigger, for the three tables of grants and for memberships, with the transition table '
    'new_rows: refuses a grant with a window beside the same one without with 23P01. '
    '40001 another transaction wrote '
    'grants of the user: retry.';
revoke all on function authz_private.tg_one_open_window() from public;
