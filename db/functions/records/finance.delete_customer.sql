-- As finance.delete_fund.

create or replace function finance.delete_customer(customer_id bigint)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
    home int;
    old finance.customers;
begin
    select u.tenant_id into home from authz.users as u where u.id = me;
    select c.*
    into old
    from finance.customers as c
    where c.tenant_id = home and c.id = delete_customer.customer_id
    for update;
    -- Asked after the lock, of the row as it now is. An absent row has no unit to ask about.
    perform authz_private.require_to_touch(
        me, 'customers', 'delete', old.manager_id, old.manager_unit_id, 'customer_id', old
    );
    -- The keys would take the owner from funds that the user may not see.
    if exists (select from finance.orders as o where o.tenant_id = home and o.customer_id = old.id)
        or exists (
            select
            from finance.financial_funds as f
            where f.tenant_id = home and f.customer_id = old.id
        )
    then
        raise exception 'customer_id: other records name it'
            using errcode = '23514', hint = 'Change or delete those first.';
    end if;
    delete from finance.customers as c where c.tenant_id = home and c.id = old.id;
end
$$;

comment on function finance.delete_customer(bigint) is
    'Deletes a customer of the tenant of the user who is signed in that no other record refers '
    'to. Requires customers:delete and customers:read where its manager belongs. 28000 if nobody '
    'is signed in; 42501 if that is not allowed or the object does not exist; 23514 if other '
    'records still refer to it; 40001: retry.';
revoke all on function finance.delete_customer(bigint) from public;
grant execute on function finance.delete_customer(bigint) to fundwarden_app;
