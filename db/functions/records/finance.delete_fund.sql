-- As finance.update_fund.

create or replace function finance.delete_fund(fund_id bigint)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint := authz_private.signed_in_user();
    home int;
    old finance.financial_funds;
begin
    select u.tenant_id into home from authz.users as u where u.id = me;
    select f.*
    into old
    from finance.financial_funds as f
    where f.tenant_id = home and f.id = delete_fund.fund_id
    for update;
    -- Asked after the lock, of the row as it now is: a right revoked while this waited is gone.
    if old.id is null or not authz_private.may_touch_fund(me, 'delete', old) then
        perform authz_private.refuse_administration('fund_id');
    end if;
    delete from finance.financial_funds as f where f.tenant_id = home and f.id = old.id;
end
$$;

comment on function finance.delete_fund(bigint) is
    'Deletes a fund of the tenant of the user signed in, where any of its owners is where they '
    'hold funds:delete, and funds:read. 28000 nobody; 42501 not allowed, hidden and absent '
    'alike; 40001 retry.';
revoke all on function finance.delete_fund(bigint) from public;
grant execute on function finance.delete_fund(bigint) to fundwarden_app;
