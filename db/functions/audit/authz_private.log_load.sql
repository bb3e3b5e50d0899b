-- For a bulk load that sets the triggers aside: one row of the log in place of a million.

create or replace function authz_private.log_load(loaded regclass)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    title text := (
        select n.nspname || '.' || c.relname
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        where c.oid = loaded
    );
    counted bigint;
begin
    execute format('select count(*) from %s', loaded) into counted;
    perform authz_private.audit_event(
        authz_private.row_context(title), 'LOAD', null, jsonb_build_object('rows', counted), null
    );
end
$$;

comment on function authz_private.log_load(regclass) is
    'Logs that rows of the table were written unlogged, and how many it holds now; what was before '
    'cannot be told from the log any more.';
revoke all on function authz_private.log_load(regclass) from public;
