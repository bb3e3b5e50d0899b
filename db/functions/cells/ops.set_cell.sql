-- What is drawn already stays: a sequence that is in its range goes on from where it is.

create or replace function ops.set_cell(cell int, name text)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    strange record;
    drawn record;
    last_drawn bigint;
    highest bigint;
begin
    if set_cell.cell is null or set_cell.cell not between 0 and 99 then
        raise exception 'cell must be from 0 to 99, not %', coalesce(set_cell.cell::text, 'null')
            using errcode = '22023', hint = 'Cell 0 is the platform.';
    end if;
    if set_cell.name is null or set_cell.name !~ '^[a-z][a-z0-9_]{0,49}$' then
        raise exception 'name % is not a plain word',
            coalesce(quote_literal(left(set_cell.name, 60)), 'null')
            using errcode = '22023', hint = 'Use a to z, 0 to 9 and _, at most 50 characters.';
    end if;
    lock table ops.cell in exclusive mode;
    select o.* into strange
    from authz_private.ids_outside_cell(set_cell.cell) as o
    order by o.relation
    limit 1;
    if found then
        raise exception 'cell % cannot hold % rows of % whose ids are outside its range, such as %',
            set_cell.cell, strange.outside, strange.relation, strange.example
            using
                errcode = '55000',
                hint = 'An installation that holds tenants already is the cell of their ids: 0, '
                'unless it was another cell before.';
    end if;
    for drawn in
        select distinct on (s.sequence) s.*, r.first_id, r.last_id
        from authz_private.cell_sequences() as s
        cross join authz_private.cell_range(set_cell.cell, s.is_small) as r
        order by s.sequence, s.relation
    loop
        execute format('select s.last_value from %s as s', drawn.sequence) into last_drawn;
        highest := 0;
        if last_drawn not between drawn.first_id and drawn.last_id then
            execute format(
                'select coalesce(max(t.id), 0) from %s as t where t.id between $1 and $2',
                drawn.relation
            )
            into highest
            using drawn.first_id, drawn.last_id;
        end if;
        execute format(
            'alter sequence %s %s %s', drawn.sequence,
            case
                when drawn.is_identity then format(
                    'minvalue %s maxvalue %s start with %s',
                    drawn.first_id, drawn.last_id, drawn.first_id
                )
                -- Its limits are part of its definition, which runner status compares.
                else 'no cycle'
            end,
            case
                when last_drawn not between drawn.first_id and drawn.last_id
                    then format('restart with %s', greatest(drawn.first_id, highest + 1))
            end
        );
    end loop;
    insert into ops.cell as c (number, name)
    values (set_cell.cell, set_cell.name)
    on conflict (only_one) do update set number = excluded.number, name = excluded.name
    where (c.number, c.name) is distinct from (excluded.number, excluded.name);
    if found then
        perform audit.record(
            'SET_CELL', jsonb_build_object('cell', set_cell.cell, 'name', set_cell.name)
        );
    end if;
end
$$;

comment on function ops.set_cell(int, text) is
    'Makes this installation a cell: ids are drawn from its range from now on. Calling it again '
    'moves the sequences of tables that were added since. 22023 for a number that is not from 0 to '
    '99 or a name that is no plain word; 55000 where rows of a tenant have ids outside the range.';
revoke all on function ops.set_cell(int, text) from public;
