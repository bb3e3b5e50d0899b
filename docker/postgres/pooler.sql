-- The pooler's login and the one question it may ask. In the database postgres, as ours is kept
-- free of what is not fundwarden's. Superusers are not found: they do not come through the pooler.

\connect postgres
\getenv password PGBOUNCER_PASSWORD

create role pgbouncer login password :'password';

create schema pooler;
grant usage on schema pooler to pgbouncer;

create function pooler.login(name text)
returns table (username text, password text)
language sql stable security definer parallel safe
set search_path = pg_catalog, pg_temp
begin atomic
    select r.rolname::text, r.rolpassword
    from pg_catalog.pg_authid as r
    where r.rolname = login.name
        and r.rolcanlogin
        and not r.rolsuper
        and not r.rolreplication
        and (r.rolvaliduntil is null or r.rolvaliduntil > pg_catalog.statement_timestamp());
end;

comment on function pooler.login(text) is
    'A login and the hash of its password, for PgBouncer alone; no row for superusers.';
revoke all on function pooler.login(text) from public;
grant execute on function pooler.login(text) to pgbouncer;
