-- After a unit has a new place: refuses a cycle, then gives everything below it its path, from
-- parent_id and not from old paths, so that several moves in one statement end right in any order.

create or replace function authz_private.tg_rewrite_subtree()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if exists (
        with recursive above (id) as (
            select new.parent_id
            union
            select n.parent_id
            from above as a
            inner join authz.org_units as n on a.id = n.id
        )

        select
        from above as a
        where a.id = new.id
    )
    then
        raise exception 'unit % cannot be moved below itself', new.id
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
            where u.id = new.id
            union all
            select
                c.id,
                b.path || c.code,
                b.level + 1
            from below as b
            inner join authz.org_units as c on c.tenant_id = new.tenant_id and b.id = c.parent_id
        )

        select b.id, b.path, b.level
        from below as b
    ) as moved
    where n.id = moved.id
        and n.path <> moved.path;
    return null;
end
$$;

comment on function authz_private.tg_rewrite_subtree() is
    'Trigger: paths below a moved or renamed unit, in one statement. 23514 a cycle.';
revoke all on function authz_private.tg_rewrite_subtree() from public;
