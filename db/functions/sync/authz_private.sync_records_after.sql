-- What a line may refer to: records of the tenant and records of the feed.

create or replace function authz_private.sync_records_after(
    scope authz_private.sync_scope, table_name text
)
returns table (id bigint)
language plpgsql stable security invoker parallel restricted
as $$
#variable_conflict use_column
begin
    if table_name = 'customers' then
        return query
        select c.id
        from finance.customers as c
        where c.tenant_id = scope.tenant_id
            -- An administrator learns nothing about other parts of the tenant.
            and (
                scope.actor_id is null
                or c.manager_unit_id in (
                    select t.unit_id from authz_private.subtree(scope.top_path) as t
                )
            )
        union
        select authz_private.sync_number(s.id)
        from sync.customers as s
        where s.loaded_by is not distinct from scope.actor_id
            and s.number > (scope.staged ->> 'customers')::bigint;
    else
        return query
        select o.id
        from finance.orders as o
        where o.tenant_id = scope.tenant_id
            and (
                scope.actor_id is null
                or o.handler_unit_id in (
                    select t.unit_id from authz_private.subtree(scope.top_path) as t
                )
            )
        union
        select authz_private.sync_number(s.id)
        from sync.orders as s
        where s.loaded_by is not distinct from scope.actor_id
            and s.number > (scope.staged ->> 'orders')::bigint;
    end if;
end
$$;

comment on function authz_private.sync_records_after(authz_private.sync_scope, text) is
    'Numbers of the customers or orders after the feed.';
revoke all on function authz_private.sync_records_after(authz_private.sync_scope, text)
from public;
