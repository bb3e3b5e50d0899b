-- As finance.update_fund.

create or replace function finance.update_order(order_id bigint, changes jsonb)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
    home int;
    old finance.orders;
    made finance.orders;
begin
    select u.tenant_id into home from authz.users as u where u.id = me;
    select o.*
    into old
    from finance.orders as o
    where o.tenant_id = home and o.id = update_order.order_id
    for update;
    -- Asked after the lock, of the row as it now is. An absent row has no unit to ask about.
    perform authz_private.require_to_touch(
        me, 'orders', 'update', old.handler_id, old.handler_unit_id, 'order_id', old
    );
    perform authz_private.check_owned_changes(
        me, home, changes, '{"handler_id": "owner", "customer_id": "customer"}'
    );
    perform authz_private.refuse_masked(me, 'finance.orders', changes);
    made := jsonb_populate_record(old, changes);
    update finance.orders as o
    set handler_id = made.handler_id, customer_id = made.customer_id
    where o.tenant_id = home and o.id = old.id
    returning o.* into made;
    -- Nor out of one's own reach.
    perform authz_private.require_to_touch(
        me, 'orders', 'update', made.handler_id, made.handler_unit_id, 'changes', made
    );
    perform authz_private.refuse_disclosure(me, old, made);
end
$$;

comment on function finance.update_order(bigint, jsonb) is
    'Changes an order of the tenant of the user who is signed in: {"handler_id", "customer_id"}, '
    'what is left out keeps its value. Requires orders:update and orders:read where its handler '
    'belongs, before and after the change. 28000 if nobody is signed in; 42501 if that is not '
    'allowed or the object does not exist; 22023 for an invalid value; 40001: retry.';
revoke all on function finance.update_order(bigint, jsonb) from public;
grant execute on function finance.update_order(bigint, jsonb) to fundwarden_app;
