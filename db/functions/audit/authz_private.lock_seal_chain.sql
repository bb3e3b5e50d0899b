-- Of two who add to the chain the second waits, and then reads what the first has added: it has to
-- take its snapshot after that.

create or replace function authz_private.lock_seal_chain()
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'the log cannot be sealed in a transaction that is %',
            upper(current_setting('transaction_isolation'))
            using errcode = '25001', hint = 'Use READ COMMITTED.';
    end if;
    perform pg_advisory_xact_lock(7146206021371956);
end
$$;

comment on function authz_private.lock_seal_chain() is
    'Waits for whoever adds to the chain of seals. 25001 unless the isolation level is READ '
    'COMMITTED.';
revoke all on function authz_private.lock_seal_chain() from public;
