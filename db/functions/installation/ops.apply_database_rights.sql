-- Runs with the caller's rights: only the owner of the database can grant on it.

create or replace function ops.apply_database_rights()
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    schema_name name;
begin
    execute format(
        'revoke create, temporary on database %I from public, fundwarden_app, fundwarden_trusted, '
        'fundwarden_auditor, fundwarden_operator, fundwarden_platform',
        current_database()
    );
    execute format(
        'grant temporary on database %I to fundwarden_owner', current_database()
    );
    for schema_name in
        select n.nspname
        from pg_namespace as n
        where (n.nspname in ('ext', 'public') or pg_get_userbyid(n.nspowner) = 'fundwarden_owner')
            and exists (
                select
                from pg_roles as r
                where r.rolname in (
                        'fundwarden_app', 'fundwarden_trusted', 'fundwarden_auditor',
                        'fundwarden_operator', 'fundwarden_platform'
                    )
                    and has_schema_privilege(r.rolname, n.oid, 'CREATE')
            )
    loop
        execute format(
            'revoke create on schema %I from public, fundwarden_app, fundwarden_trusted, '
            'fundwarden_auditor, fundwarden_operator, fundwarden_platform',
            schema_name
        );
    end loop;
end
$$;

comment on function ops.apply_database_rights() is
    'Sets the rights that ops.check_database_rights() checks; to be called by the owner of the '
    'database, as runner migrate does. 42501 for anybody else.';
revoke all on function ops.apply_database_rights() from public;
