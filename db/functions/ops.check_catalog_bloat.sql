-- The page table is made once a session for this: a table a call was seen to leave millions of dead
-- rows in the catalogs, which every statement then reads.

create or replace function ops.check_catalog_bloat()
returns ops.health_check
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    bloated bigint;
    dead bigint;
    command text;
begin
    select
        count(*),
        coalesce(sum(t.n_dead_tup), 0),
        format(
            'vacuum (analyze) %s;', string_agg('pg_catalog.' || t.relname, ', ' order by t.relname)
        )
    into bloated, dead, command
    from pg_stat_sys_tables as t
    where t.schemaname = 'pg_catalog'
        and t.relname in ('pg_class', 'pg_attribute', 'pg_type', 'pg_depend', 'pg_shdepend')
        and t.n_dead_tup > 50000
        and t.n_dead_tup > t.n_live_tup;

    return ops.finding(
        'catalog_bloat',
        'The catalogs hold no mass of dead rows',
        'warning',
        bloated,
        format('catalogs with more dead rows than live ones: %s, dead rows %s', bloated, dead),
        'Something makes many temporary tables, or autovacuum cannot clean: see the check '
        'transactions.',
        command,
        'installer'
    );
end
$$;

comment on function ops.check_catalog_bloat() is
    'Dead rows of the catalogs that temporary tables are written to: more than 50,000, and more '
    'than there are live ones.';
revoke all on function ops.check_catalog_bloat() from public;
grant execute on function ops.check_catalog_bloat()
to fundwarden_operator, fundwarden_auditor;
