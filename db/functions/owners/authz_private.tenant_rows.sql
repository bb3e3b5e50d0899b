-- An estimate from statistics, to choose a plan by; never part of an answer.

create or replace function authz_private.tenant_rows(
    table_name regclass, tenant_column name, tenant_id int
)
returns float8
language plpgsql stable security invoker parallel safe
as $$
declare
    share float8;
    known float8;
    distinct_tenants float8;
begin
    select
        s.most_common_freqs[
            array_position(s.most_common_vals::text::int [], tenant_rows.tenant_id)
        ],
        (select sum(q.freq) from unnest(s.most_common_freqs) as q (freq)),
        s.n_distinct
    into share, known, distinct_tenants
    from pg_stats as s
    inner join pg_class as c on c.oid = tenant_rows.table_name
    inner join pg_namespace as n on c.relnamespace = n.oid
    where s.schemaname = n.nspname
        and s.tablename = c.relname
        and s.attname = tenant_rows.tenant_column
    order by s.inherited desc
    limit 1;
    if share is null then
        share := case
            when known is null then 1
            else (1 - known) / greatest(abs(distinct_tenants), 1)
        end;
    end if;
    return greatest(authz_private.table_rows(tenant_rows.table_name) * share, 1);
end
$$;

comment on function authz_private.tenant_rows(regclass, name, int) is
    'About how many rows of a table are of the tenant (null column: all), by the statistics of the '
    'last ANALYZE; at least 1.';
revoke all on function authz_private.tenant_rows(regclass, name, int) from public;
