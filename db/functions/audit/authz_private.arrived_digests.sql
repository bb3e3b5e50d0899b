-- The same question when an arrival is noted and when it is verified. Hashed in two levels: no value
-- grows with the number of rows beyond what a value may hold.

create or replace function authz_private.arrived_digests(tenant_id int, arrival int)
returns table (cell int, row_count bigint, rows_hash bytea, altered_id bigint)
language sql stable security invoker parallel safe
begin atomic
    select
        p.cell,
        sum(p.row_count)::bigint,
        sha256(string_agg(p.rows_hash, '' order by p.part)),
        min(p.altered_id)
    from (
        select
            r.cell,
            r.id / 16384 as part,
            count(*) as row_count,
            sha256(string_agg(r.row_hash, '' order by r.id, r.logged_at)) as rows_hash,
            min(r.id) filter (
                where r.row_hash <> authz_private.log_row_hash(
                    jsonb_populate_record(null::audit.permission_audit_log, to_jsonb(r))
                )
            ) as altered_id
        from audit.arrived_rows as r
        where r.tenant_id = arrived_digests.tenant_id
            and r.arrival = arrived_digests.arrival
        group by r.cell, r.id / 16384
    ) as p
    group by p.cell;
end;

comment on function authz_private.arrived_digests(int, int) is
    'For each cell whose log arrived with the tenant that time: how many rows, the hash over their '
    'hashes, and the first whose own hash is not that of its content; null: none.';
revoke all on function authz_private.arrived_digests(int, int) from public;
