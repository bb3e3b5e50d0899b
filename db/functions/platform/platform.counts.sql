-- For who operates and who audits the platform.

create or replace function platform.counts()
returns table (
    cell text,
    tenant text,
    tenant_id int,
    problem text,
    units bigint,
    users bigint,
    grants bigint,
    customers bigint,
    orders bigint,
    funds bigint
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
        'select jsonb_agg(to_jsonb(w) order by w.cell, w.tenant) from (%1$s) as w',
        array[
            'select %2$L::text as cell, c.* from %1$s_counts as c '
            'where c.tenant_id <> all(%3$L::int[])'
        ]
    ) as a;
    return query
    select w.*
    from jsonb_to_recordset(told.missing || coalesce(told.answer, '[]')) as w (
        cell text, tenant text, tenant_id int, problem text, units bigint, users bigint,
        grants bigint, customers bigint, orders bigint, funds bigint
    );
end
$$;

comment on function platform.counts() is
    'How many rows every tenant of every cell has. First a row for each cell that does not answer '
    'and each tenant that is being moved, with the problem and no numbers: a sum over the rest is '
    'not that of all cells. 08006 names a cell that was lost while it was read; 55000 if this is '
    'not the platform or no cells are connected.';
revoke all on function platform.counts() from public;
grant execute on function platform.counts() to fundwarden_operator, fundwarden_auditor;
