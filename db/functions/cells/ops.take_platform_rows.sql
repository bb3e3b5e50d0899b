-- By ordinary statements: they are marked, expanded and logged as every change is. Logical
-- replication would fire no statement triggers, and decisions would go on as before.

create or replace function ops.take_platform_rows(platform jsonb)
returns bigint
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set intervalstyle = 'postgres'
as $$
declare
    cell ops.cell;
    shared record;
    wanted jsonb;
    changed bigint := 0;
    counted bigint;
begin
    if jsonb_typeof(platform -> 'rows') is distinct from 'object'
        or jsonb_typeof(platform -> 'columns') is distinct from 'object'
        or jsonb_typeof(platform -> 'version') is distinct from 'string'
    then
        raise exception 'platform is no answer of ops.platform_rows()'
            using errcode = '22023', hint = 'Pass what ops.platform_rows() returned in cell 0.';
    end if;
    update ops.cell as c
    set taking = pg_current_xact_id()
    where c.number > 0
    returning c.* into cell;
    if not found then
        raise exception 'this installation takes no rows of a platform'
            using
                errcode = '55000',
                hint = 'Cell 0 is the platform; others become cells with ops.set_cell().';
    end if;
    if platform -> 'columns' <> ops.platform_rows() -> 'columns' then
        raise exception 'the tables of the platform have other columns than these'
            using errcode = '55000', hint = 'Bring both to one version: runner migrate --all.';
    end if;
    perform set_config(
        'fundwarden.reason', format('platform rows, version %s', platform ->> 'version'), true
    );

    for shared in
        select p.* from authz_private.platform_tables() as p order by p.place
    loop
        wanted := platform -> 'rows' -> shared.title;
        if shared.title = 'authz.unit_kinds' then
            -- A kind is described by whoever uses it.
            insert into authz.unit_kinds
            select n.*
            from jsonb_populate_recordset(null::authz.unit_kinds, wanted) as n
            on conflict do nothing;
            continue;
        end if;
        if shared.title = 'authz.permissions' then
            changed := changed + authz_private.take_permissions(wanted);
            continue;
        end if;
        if right(shared.title, 12) = '_permissions' then
            select coalesce(jsonb_agg(w.j || jsonb_build_object('permission_id', p.id)), '[]')
            into wanted
            from jsonb_array_elements(wanted) as w (j)
            cross join lateral jsonb_populate_record(
                null::authz.permissions, w.j -> 'permission'
            ) as n
            inner join authz.permissions as p
                on p.resource operator (ext.=) n.resource
                and p.action = n.action
                and p.scope = n.scope
                and p.conditions is not distinct from n.conditions;
        end if;
        if shared.title = 'authz.roles' then
            -- A parent may come after its child.
            insert into authz.roles
            select r.*
            from jsonb_array_elements(wanted) as w (j)
            cross join lateral jsonb_populate_record(
                null::authz.roles, w.j || '{"parent_role_id": null}'
            ) as r
            where not exists (select from authz.roles as t where t.id = r.id);
            get diagnostics counted = row_count;
            changed := changed + counted;
        end if;
        changed := changed + authz_private.take_rows(
            shared.title, shared.keys, shared.of_platform, shared.is_only_added, wanted
        );
    end loop;
    update ops.cell as c
    set platform_version = platform ->> 'version',
        platform_taken_at = statement_timestamp();
    return changed;
end
$$;

comment on function ops.take_platform_rows(jsonb) is
    'Makes the rows of the platform in this cell those of the answer of ops.platform_rows(), in '
    'one transaction, and returns how many changed. 22023 for another answer; 55000 in cell 0, '
    'outside of cells, and where the tables have other columns.';
revoke all on function ops.take_platform_rows(jsonb) from public;
