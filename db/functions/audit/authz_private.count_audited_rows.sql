-- What audit.verify_tables() counts from.

create or replace function authz_private.count_audited_rows()
returns jsonb
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    title text;
    counted bigint;
    found jsonb := '{}';
begin
    foreach title in array authz_private.audited_tables() loop
        execute format('select count(*) from %s', title::regclass) into counted;
        found := found || jsonb_build_object(title, counted);
    end loop;
    return found;
end
$$;

comment on function authz_private.count_audited_rows() is
    'Number of rows of every table of the permission model.';
revoke all on function authz_private.count_audited_rows() from public;
