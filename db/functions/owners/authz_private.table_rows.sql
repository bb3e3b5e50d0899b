-- An estimate from statistics, to choose a plan by; never part of an answer.

create or replace function authz_private.table_rows(table_name regclass)
returns float8
language plpgsql stable security invoker parallel safe
as $$
begin
    -- Never analysed, reltuples is -1: the size on disk then has to do.
    return (
        select case
            when c.reltuples >= 0 then c.reltuples
            when c.relkind = 'p' then (
                select sum(pg_relation_size(p.relid)) / 150.0
                from pg_partition_tree(c.oid) as p
                where p.isleaf
            )
            else pg_relation_size(c.oid) / 150.0
        end
        from pg_class as c
        where c.oid = table_rows.table_name
    );
end
$$;

comment on function authz_private.table_rows(regclass) is
    'About how many rows a table has, by the statistics of the last ANALYZE.';
revoke all on function authz_private.table_rows(regclass) from public;
