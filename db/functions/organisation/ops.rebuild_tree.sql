-- For a tree that somebody has written to around its triggers. They are off while it is mended, but
-- for those that log.

create or replace function ops.rebuild_tree()
returns bigint
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    top record;
    hung bigint := 0;
    rewritten bigint;
    title text;
    silenced constant text [] := array[
        '_100_refuse_path_write', '_210_place_on_update', '_965_rewrite_subtree'
    ];
begin
    lock table authz.org_units in share row exclusive mode;
    insert into authz.tenants (id)
    select n.id
    from authz.org_units as n
    where n.parent_id is null
        and not exists (select from authz.tenants as t where t.id = n.id);
    update authz.tenants as t set tree_version = t.tree_version + 1;
    foreach title in array silenced loop
        execute format('alter table authz.org_units disable trigger %I', title);
    end loop;

    loop
        -- The top of a part that hangs nowhere: its parent is missing or another tenant's, or it
        -- is the first of a cycle.
        with recursive below (id, tenant_id) as (
            select
                n.id,
                n.tenant_id
            from authz.org_units as n
            where n.parent_id is null
            union
            select
                n.id,
                n.tenant_id
            from below as b
            inner join authz.org_units as n on b.id = n.parent_id and b.tenant_id = n.tenant_id
        )

        select
            n.id,
            n.tenant_id,
            n.code
        into top
        from authz.org_units as n
        inner join authz.org_units as r on n.tenant_id = r.id and r.parent_id is null
        left join authz.org_units as p on n.parent_id = p.id and n.tenant_id = p.tenant_id
        where n.id not in (select b.id from below as b)
            and (
                p.id is null
                or n.id in (
                    with recursive above (id, parent_id) as (
                        select
                            p.id,
                            p.parent_id
                        union
                        select
                            q.id,
                            q.parent_id
                        from above as a
                        inner join authz.org_units as q on a.parent_id = q.id
                    )

                    select a.id
                    from above as a
                )
            )
        order by n.id
        limit 1;
        exit when not found;
        update authz.org_units as n
        set parent_id = top.tenant_id,
            code = case
                when exists (
                    select
                    from authz.org_units as s
                    where s.parent_id = top.tenant_id and s.code = top.code
                )
                    then left(top.code, 39) || '_' || top.id
                else top.code
            end
        where n.id = top.id;
        hung := hung + 1;
    end loop;

    with recursive placed (id, path, level) as (
        select
            n.id,
            n.code::ltree,
            1
        from authz.org_units as n
        where n.parent_id is null
        union all
        select
            n.id,
            p.path || n.code,
            p.level + 1
        from placed as p
        inner join authz.org_units as n on p.id = n.parent_id
    )

    update authz.org_units as n
    set path = p.path,
        level = p.level
    from placed as p
    where n.id = p.id
        and (n.path <> p.path or n.level <> p.level);
    get diagnostics rewritten = row_count;

    foreach title in array silenced loop
        execute format('alter table authz.org_units enable trigger %I', title);
    end loop;
    return hung + rewritten;
end
$$;

comment on function ops.rebuild_tree() is
    'Hangs units that hang nowhere below the root of their tenant, with another code where '
    'theirs is taken there, writes every path and level anew and returns how many rows it '
    'changed. Only the owner may call it; use it when ops.check_hierarchy() or ops.check_paths() '
    'reports a problem. Writers of the tree wait.';
revoke all on function ops.rebuild_tree() from public;
