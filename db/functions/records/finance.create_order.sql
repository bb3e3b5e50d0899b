-- As finance.create_fund.

create or replace function finance.create_order(new_order jsonb)
returns bigint
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
    home int;
    made finance.orders;
begin
    select u.tenant_id into home from authz.users as u where u.id = me;
    perform authz_private.check_owned_changes(
        me, home, new_order, '{"handler_id": "owner", "customer_id": "customer"}'
    );
    if new_order ->> 'handler_id' is null then
        raise exception 'order: handler_id is required'
            using errcode = '22023', hint = 'Pass {"handler_id": ...}.';
    end if;
    insert into finance.orders as o (handler_id, customer_id)
    values ((new_order ->> 'handler_id')::bigint, (new_order ->> 'customer_id')::bigint)
    returning o.* into made;
    perform authz_private.require_to_touch(
        me, 'orders', 'create', made.handler_id, made.handler_unit_id, 'order', made
    );
    perform authz_private.refuse_disclosure(me, null, made);
    return made.id;
end
$$;

comment on function finance.create_order(jsonb) is
    'Makes an order of the tenant of the user who is signed in and returns its id: '
    '{"handler_id", "customer_id"}. Requires orders:create and orders:read where its handler '
    'belongs. 28000 if nobody is signed in; 42501 if that is not allowed or the object does not '
    'exist; 22023 for an invalid value.';
revoke all on function finance.create_order(jsonb) from public;
grant execute on function finance.create_order(jsonb) to fundwarden_app;
