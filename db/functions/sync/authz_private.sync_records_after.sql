-- What a line of the owner may refer to: records of the tenant and records of the feed. An
-- administrator is answered by the checks of the records, which tell hidden from absent by nothing.

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
        union
        select authz_private.sync_number(s.id)
        from sync.orders as s
        where s.loaded_by is not distinct from scope.actor_id
            and s.number > (scope.staged ->> 'orders')::bigint;
    end if;
end
$$;

comment on function authz_private.sync_records_after(authz_private.sync_scope, text) is
    'Numbers of the customers or orders after the feed of the owner.';
revoke all on function authz_private.sync_records_after(authz_private.sync_scope, text)
from public;
