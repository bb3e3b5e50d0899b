-- A view calls functions as whoever reads it, and the platform may call none of the checks.

create or replace function platform.cell_findings()
returns setof ops.health_check
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    return query
    select h.*
    from ops.health_checks() as h;
end
$$;

comment on function platform.cell_findings() is
    'The rows of ops.health_checks() as fundwarden_owner sees them; for platform.cell_health.';
revoke all on function platform.cell_findings() from public;
grant execute on function platform.cell_findings() to fundwarden_platform;
