-- What only repeats what is so is not looked at again.

create or replace function authz_private.sync_compare(
    scope authz_private.sync_scope,
    table_name text,
    out differing bigint [],
    out unlisted bigint []
)
language plpgsql stable security invoker parallel restricted
as $$
begin
    if table_name in ('units', 'people', 'memberships', 'grants') then
        execute format(
            'select c.differing, c.unlisted from authz_private.%I($1) as c',
            'sync_compare_' || table_name
        )
        into differing, unlisted
        using scope;
    end if;
end
$$;

comment on function authz_private.sync_compare(authz_private.sync_scope, text) is
    'Numbers of the lines of a table that may change something or have a problem, null for all; '
    'and ids of objects that are no longer listed.';
revoke all on function authz_private.sync_compare(authz_private.sync_scope, text) from public;
