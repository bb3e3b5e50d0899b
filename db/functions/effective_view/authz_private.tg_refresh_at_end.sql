-- At the end of the writer's transaction, once, and never at the price of it.

create or replace function authz_private.tg_refresh_at_end()
returns trigger
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    delete from authz_private.refresh_requests as r where r.xid = new.xid;
    -- A snapshot older than the transaction's end would be out of date as soon as it is written.
    if current_setting('transaction_isolation') = 'read committed' then
        perform authz_private.refresh_policies(s.refresh_mode)
        from authz.settings as s
        where s.refresh_mode in ('auto', 'immediate');
    end if;
    return null;
end
$$;

comment on function authz_private.tg_refresh_at_end() is
    'Deferred trigger: refreshes authz.user_effective_policies unless another session does, the '
    'view is too large for it, or the transaction is REPEATABLE READ or SERIALIZABLE. A failure is '
    'logged and the marks stay.';
revoke all on function authz_private.tg_refresh_at_end() from public;
