-- For a DBA, and for the mode manual.

create or replace function authz.refresh_user_effective_policies()
returns text
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if not authz_private.refresh_policies('manual') then
        raise exception 'another session is refreshing authz.user_effective_policies'
            using errcode = '55P03', hint = 'Wait for it to end; answers are exact meanwhile.';
    end if;
    return authz.policy_version();
end
$$;

comment on function authz.refresh_user_effective_policies() is
    'Refreshes the materialized view, whatever the mode, and returns authz.policy_version(). '
    '55P03 another session does the same.';
revoke all on function authz.refresh_user_effective_policies() from public;
grant execute on function authz.refresh_user_effective_policies() to fundwarden_operator;
