-- Before new files are loaded, when earlier ones were not applied.

create or replace function sync.clear(only_kinds text [] default null)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    loader bigint := authz.current_user_id();
    staging text;
begin
    if loader is null and not authz_private.session_is_owner() then
        loader := authz_private.signed_in_user();
    end if;
    perform authz_private.sync_require_kinds(only_kinds);
    for staging in
        select t.table_name
        from authz_private.sync_tables() as t
        where only_kinds is null or t.kind = any(only_kinds) or t.table_name = any(only_kinds)
    loop
        execute format(
            'delete from sync.%I as s where s.loaded_by is not distinct from $1', staging
        )
        using loader;
        delete from sync.files as f
        where f.loaded_by is not distinct from loader and f.table_name = staging;
    end loop;
    if only_kinds is null then
        delete from sync.files as f where f.loaded_by is not distinct from loader;
    end if;
end
$$;

comment on function sync.clear(text []) is
    'Deletes the staged rows of whoever calls it: of all kinds, or of those that are named. 28000 '
    'if nobody is signed in and the session is not the owner''s; 22023 for an unknown kind.';
revoke all on function sync.clear(text []) from public;
grant execute on function sync.clear(text []) to fundwarden_app;
