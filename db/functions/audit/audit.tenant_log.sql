-- As JSON, as a move carries it to another cell.

create or replace function audit.tenant_log(tenant_id int, since pg_snapshot default null)
returns table (cell int, content jsonb)
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
set timezone = 'UTC'
set bytea_output = 'hex'
as $$
begin
    if since is null then
        return query
        select
            c.number,
            to_jsonb(l)
        from audit.permission_audit_log as l
        cross join ops.cell as c
        where l.tenant_id = tenant_log.tenant_id
        union all
        select
            r.cell,
            to_jsonb(r) - 'cell' - 'arrival'
        from audit.arrived_rows as r
        where r.tenant_id = tenant_log.tenant_id;
    else
        return query
        select
            c.number,
            to_jsonb(l)
        from audit.permission_audit_log as l
        cross join ops.cell as c
        where l.tenant_id = tenant_log.tenant_id and l.xid >= pg_snapshot_xmin(since);
    end if;
end
$$;

comment on function audit.tenant_log(int, pg_snapshot) is
    'The rows of the log about a tenant, with the number of the cell that logged them: of this '
    'cell, and those that arrived with it; with since, at least those that were logged here after '
    'the snapshot.';
revoke all on function audit.tenant_log(int, pg_snapshot) from public;
