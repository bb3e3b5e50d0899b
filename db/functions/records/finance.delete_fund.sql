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
    'Deletes a fund of the tenant of the user who is signed in. Requires funds:delete and '
    'funds:read where one of its owners belongs. 28000 if nobody is signed in; 42501 if that is '
    'not allowed or the object does not exist; 40001: retry.';
revoke all on function finance.delete_fund(bigint) from public;
grant execute on function finance.delete_fund(bigint) to fundwarden_app;
