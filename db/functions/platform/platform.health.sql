-- For who operates and who audits the platform.

create or replace function platform.health()
returns table (
    cell text,
    name text,
    title text,
    severity ops.severity,
    findings bigint,
    detail text,
    hint text,
    repair text,
    run_as text
)
language plpgsql stable security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    told record;
begin
    select a.*
    into told
    from authz_private.ask_cells(
        'select jsonb_agg(to_jsonb(w)) from (%1$s) as w',
        array['select %2$L::text as cell, h.* from %1$s_health as h']
    ) as a;
    return query
    select
        m.problem ->> 'cell',
        'answers',
        'The cell answers and holds its tenants',
        case when m.problem ? 'tenant' then 'warning' else 'critical' end::ops.severity,
        1::bigint,
        concat_ws(' ', m.problem ->> 'tenant', m.problem ->> 'problem'),
        case
            when m.problem ? 'tenant'
                then 'Run the move again if it was interrupted: runner cells move.'
            else 'Start the cell, or correct its connection in cells.toml: runner cells connect.'
        end,
        null::text,
        null::text
    from jsonb_array_elements(told.missing) as m (problem);
    return query
    select w.*
    from jsonb_to_recordset(told.answer) as w (
        cell text, name text, title text, severity ops.severity, findings bigint, detail text,
        hint text, repair text, run_as text
    )
    order by w.severity desc, w.cell, w.name;
end
$$;

comment on function platform.health() is
    'The health checks of every cell, the worst first, by the owner of each cell. Before them a '
    'critical row named answers for each cell that does not answer, and a warning for each tenant '
    'that is in no cell. 08006 names a cell that was lost while it was read; 55000 if this is not '
    'the platform or no cells are connected.';
revoke all on function platform.health() from public;
grant execute on function platform.health() to fundwarden_operator, fundwarden_auditor;
