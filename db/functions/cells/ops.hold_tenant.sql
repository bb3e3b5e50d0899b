-- Who writes to these tables, or locks a row to do so, waits until the transaction ends; who reads,
-- reads on. In the order in which writers come to the tables: a fund before what it refers to.

create or replace function ops.hold_tenant(tenant text)
returns int
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    titles text;
begin
    select string_agg(t.title, ', ' order by t.place desc)
    into titles
    from authz_private.tenant_tables() as t
    -- Signing in writes there, and must not wait.
    where t.title <> 'authz_private.last_sign_ins';
    execute format('lock table %s, authz.tenants in exclusive mode', titles);
    return ops.movable_tenant(hold_tenant.tenant);
end
$$;

comment on function ops.hold_tenant(text) is
    'Keeps every tenant of the cell from being written until the end of the transaction, and '
    'returns the id of one. Errors as ops.movable_tenant() has them.';
revoke all on function ops.hold_tenant(text) from public;
