-- As finance.create_fund.

create or replace function finance.create_customer(customer jsonb)
returns bigint
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
    home int;
    made finance.customers;
begin
    select u.tenant_id into home from authz.users as u where u.id = me;
    perform authz_private.check_owned_changes(
        me, home, customer, '{"name": "text", "manager_id": "owner"}'
    );
    if customer ->> 'manager_id' is null then
        raise exception 'customer: manager_id is required'
            using errcode = '22023', hint = 'Pass {"manager_id": ...}.';
    end if;
    insert into finance.customers as c (name, manager_id)
    values (coalesce(customer ->> 'name', ''), (customer ->> 'manager_id')::bigint)
    returning c.* into made;
    perform authz_private.require_to_touch(
        me, 'customers', 'create', made.manager_id, made.manager_unit_id, 'customer', made
    );
    perform authz_private.refuse_disclosure(me, null, made);
    return made.id;
end
$$;

comment on function finance.create_customer(jsonb) is
    'Creates a customer of the tenant of the user who is signed in and returns its id: {"name", '
    '"manager_id"}. Requires customers:create and customers:read where its manager belongs. '
    '28000 if nobody is signed in; 42501 if that is not allowed or the object does not exist; '
    '22023 for an invalid value.';
revoke all on function finance.create_customer(jsonb) from public;
grant execute on function finance.create_customer(jsonb) to fundwarden_app;
