-- Hashed in two levels: no value grows with the number of rows beyond what a value may hold.

create or replace function audit.tenant_log_digests(tenant_id int, except_cell int)
returns table (cell int, last_id bigint, row_count bigint, rows_hash bytea)
language sql stable security invoker parallel restricted
begin atomic
    select
        p.cell,
        max(p.last_id),
        sum(p.row_count)::bigint,
        sha256(string_agg(p.rows_hash, '' order by p.part))
    from (
        select
            l.cell,
            l.id / 16384 as part,
            max(l.id) as last_id,
            count(*) as row_count,
            sha256(string_agg(l.row_hash, '' order by l.id, l.logged_at)) as rows_hash
        from (
            select
                c.number as cell,
                o.id,
                o.logged_at,
                o.row_hash
            from audit.permission_audit_log as o
            cross join ops.cell as c
            where o.tenant_id = tenant_log_digests.tenant_id
            union all
            select
                r.cell,
                r.id,
                r.logged_at,
                r.row_hash
            from audit.arrived_rows as r
            where r.tenant_id = tenant_log_digests.tenant_id
        ) as l
        where l.cell <> tenant_log_digests.except_cell
        group by l.cell, l.id / 16384
    ) as p
    group by p.cell;
end;

comment on function audit.tenant_log_digests(int, int) is
    'For each cell but one that logged rows about a tenant: their highest id, their number and a '
    'hash over their hashes. Equal in two cells, the log arrived whole.';
revoke all on function audit.tenant_log_digests(int, int) from public;
