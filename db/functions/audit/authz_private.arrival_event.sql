-- The same text when it is logged and when it is verified.

create or replace function authz_private.arrival_event(arrived audit.arrivals)
returns jsonb
language sql stable security invoker parallel safe
begin atomic
    select jsonb_build_object(
        'tenant_id', (arrival_event.arrived).tenant_id,
        'number', (arrival_event.arrived).number,
        'cell', (arrival_event.arrived).cell,
        'row_count', (arrival_event.arrived).row_count,
        'rows_hash', encode((arrival_event.arrived).rows_hash, 'hex'),
        'head', (arrival_event.arrived).head
    );
end;

comment on function authz_private.arrival_event(audit.arrivals) is
    'What the log says about the arrival of the log of another cell.';
revoke all on function authz_private.arrival_event(audit.arrivals) from public;
