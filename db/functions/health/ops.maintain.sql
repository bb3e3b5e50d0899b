-- One transaction: what it removed is sealed by the next call, for a seal covers what has ended. It
-- leaves orphans alone, which a person should see first.

create or replace procedure ops.maintain()
language plpgsql security definer
set search_path = pg_catalog, ext, pg_temp
as $$

begin
    call ops.expire_grants();
    call ops.archive_requests();
    call authz.refresh_if_marked();
    -- Last, for whoever else seals waits for it. Makes the partitions too.
    perform audit.seal();
end
$$;

comment on procedure ops.maintain() is
    'All that a schedule has to do: removes what has ended, refreshes the view when it is due, '
    'makes the partitions of the log, and seals it. To be called every minute or so; twice at '
    'once does no harm. 25001 unless READ COMMITTED.';
revoke all on procedure ops.maintain() from public;
grant execute on procedure ops.maintain() to fundwarden_operator;
