-- After units have new places: refuses a cycle, then gives everything below them its path, from
-- parent_id and not from old paths, so that several moves in one statement end right in any order.
-- Of the statement and after the one that logs it: the log tells first what moved, then what that
-- moved along.

create or replace function authz_private.tg_rewrite_subtree()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    unit record;
begin
    for unit in
        select n.id, n.parent_id, n.tenant_id
        from new_rows as n
        where (n.id, coalesce(n.parent_id, 0), n.code) not in (
            select o.id, coalesce(o.parent_id, 0), o.code from old_rows as o
        )
    loop
        if exists (
            with recursive above (id) as (
                select unit.parent_id
                union
                select n.parent_id
                from above as a
                inner join authz.org_units as n on a.id = n.id
            )

            select
            from above as a
            where a.id = unit.id
        )
        then
            raise exception 'unit % cannot be moved below itself', unit.id
                using errcode = '23514', hint = 'Choose a parent outside the unit''s own subtree.';
        end if;

        update authz.org_units as n
        set path = moved.path,
            level = moved.level
        from (
            with recursive below (id, path, level) as (
                select
                    u.id,
                    coalesce(p.path, ''::ltree) || u.code,
                    coalesce(p.level, 0) + 1
                from authz.org_units as u
                left join authz.org_units as p on u.parent_id = p.id
                where u.id = unit.id
                union all
                select
                    c.id,
                    b.path || c.code,
                    b.level + 1
                from below as b
                inner join authz.org_units as c on c.tenant_id = unit.tenant_id and b.id = c.parent_id
            )

            select b.id, b.path, b.level
            from below as b
        ) as moved
        where n.id = moved.id
            and n.path <> moved.path;
    end loop;
    return null;
end
$$;

comment on function authz_private.tg_rewrite_subtree() is
    'Trigger: paths below a moved or renamed unit, in one statement. 23514 a cycle.';
revoke all on function authz_private.tg_rewrite_subtree() from public;
