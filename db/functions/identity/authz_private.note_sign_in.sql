-- Of two at once for one user one is enough: the other waits a millisecond at most. At the level
-- serializable, reading and writing here would let sign-ins of different users fail each other.

create or replace function authz_private.note_sign_in(user_id bigint)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
set lock_timeout = '1ms'
as $$
declare
    today date := (authz.clock() at time zone 'UTC')::date;
begin
    if current_setting('transaction_read_only')::boolean
        or current_setting('transaction_isolation') = 'serializable'
        or exists (
            select
            from authz_private.last_sign_ins as s
            where s.user_id = note_sign_in.user_id and s.day >= today
        )
    then
        return;
    end if;
    begin
        insert into authz_private.last_sign_ins as s (user_id, day)
        values (note_sign_in.user_id, today)
        on conflict on constraint last_sign_ins_pkey do update
        set day = excluded.day
        where s.day < excluded.day;
    exception
        when lock_not_available or serialization_failure or deadlock_detected then
            null;
    end;
end
$$;

comment on function authz_private.note_sign_in(bigint) is
    'Keeps the day of the sign-in, unless it is kept already, writing would have to wait, or the '
    'transaction is serializable.';
revoke all on function authz_private.note_sign_in(bigint) from public;
