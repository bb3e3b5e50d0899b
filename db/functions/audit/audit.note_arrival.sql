-- The event puts the digests under the seals of this cell.

create or replace function audit.note_arrival(tenant_id int, head text)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    arrived audit.arrivals;
begin
    for arrived in
        insert into audit.arrivals (tenant_id, number, cell, row_count, rows_hash, head)
        select
            note_arrival.tenant_id,
            n.number,
            d.cell,
            d.row_count,
            d.rows_hash,
            note_arrival.head
        from authz_private.arrival_number(note_arrival.tenant_id) as n (number)
        cross join lateral authz_private.arrived_digests(
            note_arrival.tenant_id, n.number
        ) as d
        returning *
    loop
        perform audit.record('ARRIVE_LOG', authz_private.arrival_event(arrived));
    end loop;
end
$$;

comment on function audit.note_arrival(int, text) is
    'Notes in audit.arrivals and in the log what audit.receive_log() stored of a tenant; head: '
    'that of the seals of the cell that it came from.';
revoke all on function audit.note_arrival(int, text) from public;
