-- Inlined into its callers. A trigger that was dropped, disabled or made again since the last
-- comparison may have missed a change. The triggers lie side by side in the index on their ids.

create or replace function authz_private.expansion_is_current()
returns table (is_current boolean)
language sql stable security invoker parallel safe
begin atomic
    select count(*) = 7
    from authz_private.expansion as s
    inner join pg_catalog.pg_trigger as t
        on
            t.oid >= s.first_guard
            and t.oid <= s.last_guard
            and t.xmin = any(s.guards_changed_by)
            and t.tgenabled = 'A'
            and t.tgname = '_900_expand_permissions';
end;

comment on function authz_private.expansion_is_current() is
    'Whether authz_private.expanded_permissions may be read: one trigger on each of the seven '
    'tables it is made of has kept it since it was last compared.';
revoke all on function authz_private.expansion_is_current() from public;
