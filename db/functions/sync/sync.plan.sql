-- What an administrator may do is found out by doing it and undoing it.

create or replace function sync.plan(
    tenant text, under text default null, only_kinds text [] default null
)
returns table (
    kind text, external_id text, action text, before jsonb, after jsonb, problem text
)
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    scope authz_private.sync_scope := authz_private.sync_scope_of(tenant, under, only_kinds);
    staging record;
    differing bigint [];
    unlisted bigint [];
begin
    if scope.actor_id is not null then
        return query
        select
            c.kind,
            c.external_id,
            c.action,
            c.before,
            c.after,
            c.problem
        from authz_private.sync_administer(scope, true) as c;
        return;
    end if;
    for staging in
        select
            t.table_name,
            (scope.staged ->> t.table_name)::bigint as after_number
        from authz_private.sync_tables() as t
        where scope.staged ? t.table_name
        order by t.place
    loop
        select c.differing, c.unlisted
        into differing, unlisted
        from authz_private.sync_compare(scope, staging.table_name) as c;
        if differing is not null then
            return query execute authz_private.sync_unchanged(staging.table_name)
            using scope.actor_id, staging.after_number, differing;
        end if;
        if differing is null or differing <> '{}' or unlisted is not null then
            return query execute format(
                'select c.kind, c.external_id, c.action, c.before, c.after, c.problem '
                'from authz_private.%I($1, $2, $3) as c',
                'sync_' || staging.table_name
            )
            using scope, differing, unlisted;
        end if;
    end loop;
end
$$;

comment on function sync.plan(text, text, text []) is
    'What the staged rows would change below the unit under (null: in the whole tenant), one row '
    'per object. tenant is the code of the root unit; null: the only one. only_kinds limits the '
    'kinds; a kind that is named and has no rows is stated to be empty. action: add, move, rename, '
    'change, deactivate, reactivate, remove, unchanged. problem names file, line and column. '
    'Changes nothing. The owner sees everything, an administrator what they may change. 28000 if '
    'nobody is signed in; 42501 if that is not allowed; 22023 for an unknown tenant, unit or kind.';
revoke all on function sync.plan(text, text, text []) from public;
grant execute on function sync.plan(text, text, text []) to fundwarden_app;
