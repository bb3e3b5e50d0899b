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
    else
        return query
        select
            c.kind,
            c.external_id,
            c.action,
            c.before,
            c.after,
            c.problem
        from authz_private.sync_changes(scope) as c;
    end if;
end
$$;

comment on function sync.plan(text, text, text []) is
    'What the staged rows would change below the unit under (null: in the whole tenant), one row '
    'per object. tenant is the code of the root unit; null: for an administrator their own; else '
    'that of the only staged root unit, else the only tenant. only_kinds limits the kinds; a kind '
    'that is named and has no rows is stated to be empty. action: add, move, rename, change, '
    'deactivate, reactivate, remove, unchanged. problem names file, line and column. Changes '
    'nothing. The owner sees everything, an administrator what they may change. 28000 if nobody is '
    'signed in; 42501 if that is not allowed; 22023 for an unknown tenant, unit or kind, and for a '
    'kind that is named and whose rows were applied with another under.';
revoke all on function sync.plan(text, text, text []) from public;
grant execute on function sync.plan(text, text, text []) to fundwarden_app;
