-- Called once per statement by whatever asks who is acting. Anything that does not verify is
-- nobody: a reason would tell a forger what to try next.

create or replace function authz.current_user_id()
returns bigint
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    claimed text := current_setting('fundwarden.identity', true);
    claimed_id bigint;
begin
    -- After a transaction-local setting has ended it reads as '', not as null.
    if claimed is null or claimed !~ '^[0-9]{1,18}:[0-9a-f]{64}$' then
        return null;
    end if;
    claimed_id := split_part(claimed, ':', 1)::bigint;
    if split_part(claimed, ':', 2) is distinct from authz_private.identity_signature(claimed_id)
    then
        return null;
    end if;
    return (select u.id from authz.users as u where u.id = claimed_id and u.is_active);
end
$$;

comment on function authz.current_user_id() is
    'The user this transaction acts for; null when nobody is signed in or the user is inactive.';
revoke all on function authz.current_user_id() from public;
grant execute on function authz.current_user_id() to fundwarden_app, fundwarden_operator;
