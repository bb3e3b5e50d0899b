-- One statement asks all cells at once. Where it fails, each is asked alone, so that who does not
-- answer has a name. A connection that was lost after this transaction had used it is another
-- thing: postgres_fdw lets no such transaction be committed, so it ends here with the name.
--
-- postgres_fdw reads a cell in one snapshot per transaction here (REPEATABLE READ), so whatever is
-- read of it later agrees with what it says here.

create or replace function authz_private.reach_cells(
    one_by_one boolean default false, out cells jsonb, out missing jsonb
)
returns record
language plpgsql stable security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    known record;
    asked record;
    whole text;
begin
    if not exists (select from ops.cell as c where c.number = 0) then
        raise exception 'this database is not the platform'
            using
                errcode = '55000',
                hint = 'Ask in cell 0: the pooler leads to it by the name platform.';
    end if;
    if not exists (select from ops.connected_cells as c) then
        raise exception 'no cells are connected'
            using errcode = '55000', hint = 'Run runner cells connect.';
    end if;

    cells := '[]';
    missing := '[]';
    select
        format(
            'select jsonb_agg(to_jsonb(s)) from (%s) as s',
            string_agg(
                format(
                    'select %s as asked, s.* from %s_state as s',
                    c.number, authz_private.cell_relations(c.number)
                ),
                ' union all ' order by c.number
            )
        )
    into whole
    from ops.connected_cells as c
    having not one_by_one and bool_and(to_regclass(authz_private.cell_relations(c.number) || '_state') is not null);
    select a.answer, a.problem into asked from authz_private.answer_of_cells(whole) as a
    where whole is not null;
    if asked.answer is not null then
        cells := asked.answer;
    else
        for known in
            select
                c.number,
                c.name,
                authz_private.cell_relations(c.number) as relations
            from ops.connected_cells as c
            order by c.number
        loop
            if to_regclass(known.relations || '_state') is null then
                missing := missing || jsonb_build_object(
                    'cell', known.name,
                    'problem', 'it has no foreign tables here: runner cells connect'
                );
                continue;
            end if;
            select a.*
            into asked
            from authz_private.answer_of_cells(format(
                'select coalesce(jsonb_agg(to_jsonb(s)), ''[]'') '
                'from (select %s as asked, s.* from %s_state as s) as s',
                known.number, known.relations
            )) as a;
            if asked.problem is null then
                cells := cells || asked.answer;
            elsif asked.is_unreachable then
                missing := missing || jsonb_build_object(
                    'cell', known.name, 'problem', 'does not answer: ' || asked.problem
                );
            else
                raise exception 'cell % was lost while this transaction read it', known.name
                    using
                        errcode = '08006',
                        detail = asked.problem,
                        hint = 'Roll back and ask again: the answer then has what there is, and '
                        'names the cell if it is still away.';
            end if;
        end loop;
    end if;

    -- A server that leads elsewhere would count one cell twice and leave out another.
    select
        c.name,
        s.told
    into known
    from ops.connected_cells as c
    left join (
        select
            (x.told ->> 'asked')::int as asked,
            x.told
        from jsonb_array_elements(cells) as x (told)
    ) as s on c.number = s.asked
    where (s.told ->> 'number', s.told ->> 'name') is distinct from (c.number::text, c.name)
        and c.name not in (select m.problem ->> 'cell' from jsonb_array_elements(missing) as m (problem))
    order by c.number
    limit 1;
    if found then
        raise exception 'the database connected as cell % is %', known.name,
            case
                when known.told is null then 'no cell'
                else format('cell %s (%s)', known.told ->> 'name', known.told ->> 'number')
            end
            using errcode = '55000', hint = 'Correct cells.toml and run runner cells connect.';
    end if;

    -- While one cell after the other is read, a tenant can leave the one behind us and be here in
    -- the next: then the cell to which it came last counts it. One that nobody holds is named.
    with told as (
        select
            (s.told ->> 'number')::int as number,
            (t.held ->> 'id')::int as tenant_id,
            t.held ->> 'code' as code,
            t.held ->> 'state' as state,
            (t.held ->> 'moved_at')::timestamptz as moved_at
        from jsonb_array_elements(cells) as s (told)
        cross join lateral jsonb_array_elements(s.told -> 'tenants') as t (held)
    ),

    holders as (
        select distinct on (t.tenant_id)
            t.tenant_id,
            t.number
        from told as t
        where t.state = 'here'
        order by t.tenant_id, t.moved_at desc nulls last, t.number
    ),

    moving as (
        select
            t.tenant_id,
            coalesce(max(t.code), 'tenant ' || t.tenant_id) as code,
            max(s.told ->> 'name') as name
        from told as t
        inner join jsonb_array_elements(cells) as s (told) on t.number = (s.told ->> 'number')::int
        where t.tenant_id not in (select h.tenant_id from holders as h)
        group by t.tenant_id
        -- Who has departed is in a cell that does not answer.
        having missing = '[]' or bool_or(t.state = 'arriving')
    )

    select
        missing || coalesce(
            (
                select
                    jsonb_agg(
                        jsonb_build_object(
                            'cell', m.name,
                            'tenant', m.code,
                            'tenant_id', m.tenant_id,
                            'problem', 'is being moved, and no cell holds it at this moment'
                        ) order by m.code
                    )
                from moving as m
            ),
            '[]'
        ),
        (
            select
                jsonb_agg(
                    s.told || jsonb_build_object(
                        'skipped', array(
                            select t.tenant_id
                            from told as t
                            inner join holders as h on t.tenant_id = h.tenant_id
                            where t.number = (s.told ->> 'number')::int
                                and t.state = 'here'
                                and h.number <> t.number
                        )
                    ) order by (s.told ->> 'number')::int
                )
            from jsonb_array_elements(cells) as s (told)
        )
    into missing, cells;
end
$$;

comment on function authz_private.reach_cells(boolean) is
    'cells: the rows of platform.cell_state of the cells that answer, each with skipped, the '
    'tenants that another cell counts. missing: an object for each cell that does not answer and '
    'each tenant that is in no cell, with the reason. 08006 if a connection that this transaction '
    'used was lost; 55000 if this is not the platform, if no '
    'cells are connected, or if a connection leads to another cell than it says.';
revoke all on function authz_private.reach_cells(boolean) from public;
