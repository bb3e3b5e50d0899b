-- As finance.update_fund.

create or replace function finance.update_customer(customer_id bigint, changes jsonb)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
    home int;
    old finance.customers;
    made finance.customers;
begin
    select u.tenant_id into home from authz.users as u where u.id = me;
    select c.*
    into old
    from finance.customers as c
    where c.tenant_id = home and c.id = update_customer.customer_id
    for update;
    -- Asked after the lock, of the row as it now is. An absent row has no unit to ask about.
    perform authz_private.require_to_touch(
        me, 'customers', 'update', old.manager_id, old.manager_unit_id, 'customer_id', old
    );
    perform authz_private.check_owned_changes(
        me, home, changes, '{"name": "text", "manager_id": "owner"}'
    );
    perform authz_private.refuse_masked(me, 'finance.customers', changes);
    made := jsonb_populate_record(old, changes);
    update finance.customers as c
    set name = made.name, manager_id = made.manager_id
    where c.tenant_id = home and c.id = old.id
    returning c.* into made;
    -- Nor out of one's own reach.
    perform authz_private.require_to_touch(
        me, 'customers', 'update', made.manager_id, made.manager_unit_id, 'changes', made
    );
    perform authz_private.refuse_disclosure(me, old, made);
end
$$;

comment on function finance.update_customer(bigint, jsonb) is
    'Changes a customer of the tenant of the user who is signed in: {"name", "manager_id"}, what '
    'is left out keeps its value. Requires customers:update and customers:read where its manager '
    'belongs, before and after the change. 28000 if nobody is signed in; 42501 if that is not '
    'allowed or the object does not exist; 22023 for an invalid value; 40001: retry.';
revoke all on function finance.update_customer(bigint, jsonb) from public;
grant execute on function finance.update_customer(bigint, jsonb) to fundwarden_app;
