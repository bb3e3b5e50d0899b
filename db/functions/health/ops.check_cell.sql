-- Two cells that draw the same id cannot exchange the rows any more. A move takes minutes: a tenant
-- that is between two cells for longer was left there by one that was interrupted.

create or replace function ops.check_cell()
returns ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    cell ops.cell;
    drawn record;
    last_drawn bigint;
    astray text [] := '{}';
    outside bigint;
    where_outside text;
    units text;
    unfinished text [];
begin
    select c.* into cell from ops.cell as c;
    if not found then
        return ops.finding(
            'cell', 'Ids are of the range of the cell', 'ok', 0,
            'no cell: this installation stands alone'
        );
    end if;
    for drawn in
        select distinct on (s.sequence)
            s.sequence,
            s.is_identity and (q.seqmin, q.seqmax) <> (r.first_id, r.last_id) as is_unlimited,
            r.first_id,
            r.last_id
        from authz_private.cell_sequences() as s
        cross join authz_private.cell_range(cell.number, s.is_small) as r
        inner join pg_sequence as q on s.sequence = q.seqrelid
        order by s.sequence
    loop
        execute format('select s.last_value from %s as s', drawn.sequence) into last_drawn;
        if drawn.is_unlimited or last_drawn not between drawn.first_id and drawn.last_id then
            astray := astray || drawn.sequence::text;
        end if;
    end loop;
    select
        coalesce(sum(o.outside), 0),
        string_agg(format('%s (%s)', o.relation, o.example), ', ' order by o.relation)
    into outside, where_outside
    from authz_private.ids_outside_cell(cell.number) as o;
    select format('%s to %s', r.first_id, r.last_id)
    into units
    from authz_private.cell_range(cell.number, true) as r;

    unfinished := array(
        select format('tenant %s (%s)', coalesce(u.code, m.tenant_id::text), m.state)
        from ops.moved_tenants as m
        left join authz.org_units as u on m.tenant_id = u.id
        where m.state <> 'here' and m.moved_at < statement_timestamp() - interval '1 hour'
        order by 1
    );
    if cardinality(unfinished) > 0 then
        return ops.finding(
            'cell',
            'Ids are of the range of the cell',
            'warning',
            cardinality(unfinished),
            format(
                'cell %s %s; between two cells for over an hour: %s',
                cell.number, cell.name, array_to_string(unfinished, ', ')
            ),
            'Its users may be served nowhere, and its old rows stay. The command of the move '
            'finishes it or takes it back; what it finds is told after that.',
            'runner cells move TENANT --to CELL',
            'installer'
        );
    end if;

    if cardinality(astray) + outside = 0 then
        return row(
            'cell', 'Ids are of the range of the cell', 'info', 0,
            format('cell %s %s, units %s', cell.number, cell.name, units), null, null, null
        )::ops.health_check;
    end if;
    return ops.finding(
        'cell',
        'Ids are of the range of the cell',
        'warning',
        cardinality(astray) + outside,
        format(
            'cell %s %s, units %s; sequences outside: %s%s; rows outside: %s%s',
            cell.number, cell.name, units, cardinality(astray),
            ' (' || nullif(array_to_string(astray, ', '), '') || ')', outside,
            ' in ' || where_outside
        ),
        'The command moves the sequences. Rows with an id that another cell may draw were written '
        'with that id: no tenant can move to or from this cell until they have another.',
        format('select ops.set_cell(%s, %L);', cell.number, cell.name),
        'fundwarden_owner'
    );
end
$$;

comment on function ops.check_cell() is
    'Sequences, and rows of the permission model, whose ids are outside the range of this cell; '
    'moves that were not finished. Info, with the range, where there are none; ok where the '
    'installation stands alone.';
revoke all on function ops.check_cell() from public;
grant execute on function ops.check_cell()
to fundwarden_operator, fundwarden_auditor;
