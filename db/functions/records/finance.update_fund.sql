-- UPDATE is not granted: a policy would decide by what was true before it waited for the row.

create or replace function finance.update_fund(fund_id bigint, changes jsonb)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
    home int;
    old finance.financial_funds;
    made finance.financial_funds;
begin
    select u.tenant_id into home from authz.users as u where u.id = me;
    select f.*
    into old
    from finance.financial_funds as f
    where f.tenant_id = home and f.id = update_fund.fund_id
    for update;
    -- Asked after the lock, of the row as it now is: a right revoked while this waited is gone.
    if old.id is null or not authz_private.may_touch_fund(me, 'update', old) then
        perform authz_private.refuse_administration('fund_id');
    end if;
    perform authz_private.check_fund_changes(me, home, changes);
    perform authz_private.refuse_masked(me, 'finance.financial_funds', changes);
    made := jsonb_populate_record(old, changes);
    if num_nonnulls(made.handle_by, made.order_id, made.customer_id) = 0 then
        raise exception 'changes would leave the fund without an owner'
            using errcode = '23514', hint = 'Keep handle_by, order_id or customer_id.';
    end if;
    update finance.financial_funds as f
    set amount = made.amount, currency = made.currency, status = made.status,
        handle_by = made.handle_by, order_id = made.order_id, customer_id = made.customer_id
    where f.tenant_id = home and f.id = old.id
    returning f.* into made;
    -- Nor out of one's own reach.
    if not authz_private.may_touch_fund(me, 'update', made) then
        perform authz_private.refuse_administration('changes');
    end if;
    perform authz_private.refuse_disclosure(me, old, made);
end
$$;

comment on function finance.update_fund(bigint, jsonb) is
    'Changes a fund of the tenant of the user who is signed in: {"amount", "currency", "status", '
    '"handle_by", "order_id", "customer_id"}, what is left out keeps its value. Requires '
    'funds:update and funds:read where one of its owners belongs, before and after the change; '
    'conditions see the row. 28000 if nobody is signed in; 42501 if that is not allowed or the '
    'object does not exist; 22023 for an invalid value; 23514 no owner; 40001: retry.';
revoke all on function finance.update_fund(bigint, jsonb) from public;
grant execute on function finance.update_fund(bigint, jsonb) to fundwarden_app;
