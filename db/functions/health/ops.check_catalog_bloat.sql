-- The page table is made once a session for this: a table a call was seen to leave millions of dead
-- rows in the catalogs, which every statement then reads. Judged by size and not by dead rows:
-- autovacuum is always about to remove those, and a catalog that the cluster shares may be full of
-- what other databases left. Rows are counted only where the size is worth a look.

create or replace function ops.check_catalog_bloat()
returns ops.health_check
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    enough constant bigint := 32 * 1024 * 1024;
    catalog regclass;
    live bigint;
    bloated regclass [] := '{}';
    largest text := '';
begin
    foreach catalog in array array['pg_class', 'pg_attribute', 'pg_type', 'pg_depend']::regclass []
    loop
        continue when pg_relation_size(catalog) <= enough;
        execute format('select count(*) from %s', catalog) into live;
        -- A row of these takes about 200 bytes.
        if pg_relation_size(catalog) > 10 * 200 * live then
            bloated := bloated || catalog;
            largest := largest || format(
                '; %s has %s for %s rows', catalog, pg_size_pretty(pg_relation_size(catalog)), live
            );
        end if;
    end loop;

    return ops.finding(
        'catalog_bloat',
        'The catalogs are not many times larger than their rows',
        'warning',
        cardinality(bloated),
        format('catalogs ten times larger than their rows: %s%s', cardinality(bloated), largest),
        'Something makes many temporary tables, or autovacuum cannot clean: see the check '
        'transactions. The command locks the catalogs: run it when nobody works.',
        (
            select format(
                'vacuum (full, analyze) %s;',
                string_agg('pg_catalog.' || b.id::text, ', ' order by b.id::text)
            )
            from unnest(bloated) as b (id)
        ),
        'installer'
    );
end
$$;

comment on function ops.check_catalog_bloat() is
    'Catalogs of this database that temporary tables are written to and that have grown: more than '
    '32 MB, and ten times what their rows take.';
revoke all on function ops.check_catalog_bloat() from public;
grant execute on function ops.check_catalog_bloat()
to fundwarden_operator, fundwarden_auditor;
