-- Listed here and not in the catalog, where a check that was dropped is missed by nobody. One that
-- fails is a finding, and keeps none of the others from being asked.

create or replace function ops.health_checks(whole boolean default false)
returns setof ops.health_check
language plpgsql stable security invoker parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    title text;
    found ops.health_check;
begin
    foreach title in array array[
        'hierarchy', 'paths', 'owner_units', 'row_security', 'rights', 'rights_on_database',
        'objects', 'triggers', 'marking_triggers', 'expanded_permissions', 'effective_view', 'marks',
        'refresh', 'transactions', 'audit_triggers', 'audit_seals', 'audit_partitions', 'expired_grants',
        'orphans', 'foreign_keys', 'indexes', 'unused_indexes', 'catalog_bloat', 'slow_queries',
        'settings', 'release', 'replication', 'cell'
    ] loop
        begin
            if title = 'owner_units' then
                found := ops.check_owner_units(whole);
            else
                execute format('select c.* from ops.%I() as c', 'check_' || title) into found;
            end if;
        exception
            when query_canceled then
                raise;
            when others then
                found := row(
                    title, 'The check itself can be made', 'critical', 1,
                    format('%s (%s)', sqlerrm, sqlstate),
                    'Without it nobody knows. Applying the files again restores what was dropped.',
                    'runner migrate', 'installer'
                )::ops.health_check;
        end;
        return next found;
    end loop;
end
$$;

comment on function ops.health_checks(boolean) is
    'All checks, one row each, whatever they find; with whole also those rows of customers, '
    'orders and funds are read that a sample leaves out. Runs on a standby. Sees of other '
    'sessions what the caller may see: a member of pg_monitor everything.';
revoke all on function ops.health_checks(boolean) from public;
grant execute on function ops.health_checks(boolean) to fundwarden_operator, fundwarden_auditor;
