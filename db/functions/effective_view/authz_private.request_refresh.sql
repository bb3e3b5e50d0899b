-- Who listens is told in every mode; the writer's own transaction refreshes in two.

create or replace function authz_private.request_refresh(source text, operation text)
returns void
language plpgsql volatile security invoker parallel unsafe
as $$
begin
    -- now() and no finer: equal messages of one transaction are sent once.
    perform pg_notify(
        'permission_refresh',
        json_build_object(
            'table', source, 'operation', operation,
            'timestamp', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        )::text
    );
    if (
        select
            s.refresh_mode = 'immediate'
            or s.refresh_mode = 'auto'
            and coalesce(t.expected < s.longest_auto_refresh, true)
        from authz.settings as s
        cross join authz_private.refresh_turn as t
    )
    then
        insert into authz_private.refresh_requests (xid)
        values (pg_current_xact_id())
        on conflict do nothing;
    end if;
end
$$;

comment on function authz_private.request_refresh(text, text) is
    'Notifies permission_refresh with table, operation and timestamp as JSON, and asks for a '
    'refresh at the end of the transaction in the mode immediate, and in the mode auto unless '
    'it is expected to take too long.';
revoke all on function authz_private.request_refresh(text, text) from public;
