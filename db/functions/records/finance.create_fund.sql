-- Owners are filled by triggers; whether it may be is asked of the row as it came out.

create or replace function finance.create_fund(fund jsonb)
returns bigint
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
    home int;
    made finance.financial_funds;
begin
    select u.tenant_id into home from authz.users as u where u.id = me;
    perform authz_private.check_fund_changes(me, home, fund);
    if jsonb_typeof(fund -> 'amount') is distinct from 'number'
        or num_nonnulls(fund ->> 'handle_by', fund ->> 'order_id', fund ->> 'customer_id') = 0
    then
        raise exception 'fund: amount and an owner are required'
            using
                errcode = '22023',
                hint = 'Pass amount, and handle_by, order_id or customer_id.';
    end if;
    insert into finance.financial_funds as f (
        tenant_id, amount, currency, status, handle_by, order_id, customer_id
    )
    values (
        home, (fund ->> 'amount')::numeric, coalesce(fund ->> 'currency', 'EUR'),
        coalesce(fund ->> 'status', 'open'), (fund ->> 'handle_by')::bigint,
        (fund ->> 'order_id')::bigint, (fund ->> 'customer_id')::bigint
    )
    returning f.* into made;
    if not authz_private.may_touch_fund(me, 'create', made) then
        perform authz_private.refuse_administration('fund');
    end if;
    perform authz_private.refuse_disclosure(me, null, made);
    return made.id;
end
$$;

comment on function finance.create_fund(jsonb) is
    'Creates a fund of the tenant of the user who is signed in and returns its id: {"amount", '
    '"currency", "status", "handle_by", "order_id", "customer_id"}. Requires funds:create and '
    'funds:read where one of its owners belongs. 28000 if nobody is signed in; 42501 if that is '
    'not allowed or the object does not exist; 22023 for an invalid value.';
revoke all on function finance.create_fund(jsonb) from public;
grant execute on function finance.create_fund(jsonb) to fundwarden_app;
