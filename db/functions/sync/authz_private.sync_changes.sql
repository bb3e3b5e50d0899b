-- All kinds of a plan, in the order in which they are applied.

create or replace function authz_private.sync_changes(scope authz_private.sync_scope)
returns setof authz_private.sync_change
language plpgsql stable security invoker parallel restricted
as $$
declare
    staging text;
begin
    for staging in
        select t.table_name
        from authz_private.sync_tables() as t
        where scope.staged ? t.table_name
        order by t.place
    loop
        return query execute format(
            'select c.* from authz_private.%I($1) as c', 'sync_' || staging
        )
        using scope;
    end loop;
end
$$;

comment on function authz_private.sync_changes(authz_private.sync_scope) is
    'The plan, with the id of what exists already and the place of each line.';
revoke all on function authz_private.sync_changes(authz_private.sync_scope) from public;
