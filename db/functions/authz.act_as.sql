-- For trusted logins, which have authenticated the user by other means.

create or replace function authz.act_as(user_id bigint, reason text default null)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    if not exists (
        select from authz.users as u where u.id = act_as.user_id and u.is_active
    ) then
        raise exception 'identity refused'
            using errcode = '28000', hint = 'Sign in as an active user.';
    end if;
    if not pg_is_in_recovery() then
        -- The signature is of it, so it has to be there first.
        perform pg_current_xact_id();
    end if;
    perform set_config(
        'fundwarden.identity',
        act_as.user_id || ':' || authz_private.identity_signature(act_as.user_id),
        true
    );
end
$$;

comment on function authz.act_as(bigint, text) is
    'Acts for the user until the end of the transaction. 28000 when there is no such active user.';
revoke all on function authz.act_as(bigint, text) from public;
grant execute on function authz.act_as(bigint, text) to fundwarden_trusted;
