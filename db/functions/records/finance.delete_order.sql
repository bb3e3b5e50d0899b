-- As finance.delete_fund.

create or replace function finance.delete_order(order_id bigint)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
    home int;
    old finance.orders;
begin
    select u.tenant_id into home from authz.users as u where u.id = me;
    select o.*
    into old
    from finance.orders as o
    where o.tenant_id = home and o.id = delete_order.order_id
    for update;
    -- Asked after the lock, of the row as it now is. An absent row has no unit to ask about.
    perform authz_private.require_to_touch(
        me, 'orders', 'delete', old.handler_id, old.handler_unit_id, 'order_id', old
    );
    -- The keys would take the owner from funds that the user may not see.
    if exists (
        select
        from finance.financial_funds as f
        where f.tenant_id = home and f.order_id = old.id
    )
    then
        raise exception 'order_id: other records name it'
            using errcode = '23514', hint = 'Change or delete those first.';
    end if;
    delete from finance.orders as o where o.tenant_id = home and o.id = old.id;
end
$$;

comment on function finance.delete_order(bigint) is
    'Deletes an order of the tenant of the user who is signed in that no other record refers to. '
    'Requires orders:delete and orders:read where its handler belongs. 28000 if nobody is signed '
    'in; 42501 if that is not allowed or the object does not exist; 23514 if other records still '
    'refer to it; 40001: retry.';
revoke all on function finance.delete_order(bigint) from public;
grant execute on function finance.delete_order(bigint) to fundwarden_app;
