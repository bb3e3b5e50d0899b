-- What a scheduler calls, and runner refresh.

create or replace procedure authz.refresh_if_marked()
language plpgsql security definer
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if authz_private.refresh_is_due() then
        perform authz_private.refresh_policies('deferred');
    end if;
end
$$;

comment on procedure authz.refresh_if_marked() is
    'Refreshes authz.user_effective_policies if anything changed since; does nothing while another '
    'session is at it. A failure is logged in ops.refresh_log and the marks stay.';
revoke all on procedure authz.refresh_if_marked() from public;
grant execute on procedure authz.refresh_if_marked() to fundwarden_operator;
