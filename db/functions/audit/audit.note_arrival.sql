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
        insert into audit.arrivals (tenant_id, cell, last_id, row_count, rows_hash, head)
        select
            note_arrival.tenant_id,
            d.cell,
            d.last_id,
            d.row_count,
            d.rows_hash,
            note_arrival.head
        from ops.cell as c
        cross join lateral audit.tenant_log_digests(note_arrival.tenant_id, c.number) as d
        on conflict do nothing
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
