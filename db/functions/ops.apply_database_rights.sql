-- Runs with the caller's rights: only the owner of the database can grant on it.

create or replace function ops.apply_database_rights()
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    execute format(
        'revoke create, temporary on database %I from public, fundwarden_app', current_database()
    );
    execute format(
        'grant temporary on database %I to fundwarden_owner', current_database()
    );
    if exists (select from pg_namespace as n where n.nspname = 'public') then
        revoke create on schema public from public;
    end if;
end
$$;

comment on function ops.apply_database_rights() is
    'Sets the rights that ops.check_database_rights() checks; to be called by the owner of the '
    'database, as runner migrate does. 42501 for anybody else.';
revoke all on function ops.apply_database_rights() from public;
