-- All kinds of a plan, in the order in which they are applied.

create or replace function authz_private.sync_changes(scope authz_private.sync_scope)
returns setof authz_private.sync_change
language plpgsql stable security invoker parallel restricted
as $$
declare
    staging record;
    differing bigint [];
    unlisted bigint [];
begin
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
            return query execute format(
                'select u.*, null::bigint, null::text from (%s) as u',
                authz_private.sync_unchanged(staging.table_name)
            )
            using scope.actor_id, staging.after_number, differing;
        end if;
        if differing is null or differing <> '{}' or unlisted is not null then
            return query execute format(
                'select c.* from authz_private.%I($1, $2, $3) as c', 'sync_' || staging.table_name
            )
            using scope, differing, unlisted;
        end if;
    end loop;
end
$$;

comment on function authz_private.sync_changes(authz_private.sync_scope) is
    'The plan, with the id of what exists already and the place of each line.';
revoke all on function authz_private.sync_changes(authz_private.sync_scope) from public;
