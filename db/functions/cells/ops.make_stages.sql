-- Temporary, so that an arrival that is rolled back leaves nothing.

create or replace function ops.make_stages()
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if to_regclass('pg_temp.arriving_rows') is null then
        create temporary table arriving_rows (
            place int, number bigint, title text, content jsonb
        ) on commit drop;
        create temporary table staying_rows (title text, content jsonb) on commit drop;
        create temporary table arriving_log (cell int, content jsonb) on commit drop;
    end if;
    truncate pg_temp.arriving_rows, pg_temp.staying_rows, pg_temp.arriving_log;
end
$$;

comment on function ops.make_stages() is
    'Makes or empties the tables that a move copies into, for this transaction: arriving_rows for '
    'ops.tenant_rows(), staying_rows for ops.tenant_keys(), arriving_log for audit.tenant_log().';
revoke all on function ops.make_stages() from public;
