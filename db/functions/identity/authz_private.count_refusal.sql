-- A sequence is not rolled back with the transaction that was refused. Three places would tell the
-- caller which one was drawn: their own locks, lastval() and the counts of blocks read. So each
-- sequence is read or drawn once, and one that is of no cause is drawn last.
-- A read-only transaction and a standby draw nothing; the server's log they can write. A client
-- that asks for the messages of the log must not get this one.

create or replace function authz_private.count_refusal(cause text)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set client_min_messages = error
as $$
begin
    if current_setting('transaction_read_only')::boolean then
        raise log 'fundwarden: token refused: %', cause;
        return;
    end if;
    perform case
        when c.cause = count_refusal.cause then nextval(s.counter)
        else pg_sequence_last_value(s.counter)
    end
    from unnest(authz_private.refusal_causes()) as c (cause)
    cross join lateral (
        select format('authz_private.refused_%s', c.cause)::regclass as counter
    ) as s;
    perform nextval('authz_private.refused_any');
end
$$;

comment on function authz_private.count_refusal(text) is
    'Counts a refused token under a cause of authz_private.refusal_causes(), for ops.metrics; '
    'where nothing can be written, the log of the server notes it instead.';
revoke all on function authz_private.count_refusal(text) from public;
