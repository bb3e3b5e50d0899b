-- For trusted logins, which have authenticated the user by other means, or let one who has signed
-- in see what another sees.

create or replace function authz.act_as(user_id bigint, reason text default null)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    real_id bigint := authz.real_user_id();
begin
    if reason !~ '\S' or length(reason) > 1000 then
        raise exception 'reason must be of 1 to 1000 characters and not blank'
            using errcode = '22023', hint = 'Say why, or leave it out.';
    end if;
    if not exists (select from authz_private.active_users as u where u.id = act_as.user_id) then
        raise exception 'identity refused'
            using errcode = '28000', hint = 'Sign in as an active user.';
    end if;
    perform authz_private.set_identity(act_as.user_id, real_id);
    if real_id is null then
        perform authz_private.note_sign_in(act_as.user_id);
    end if;
    perform authz_private.note_impersonation(real_id, act_as.user_id, reason);
end
$$;

comment on function authz.act_as(bigint, text) is
    'Acts for the user until the end of the transaction; who signed in by token before stays the '
    'real user. 28000 when there is no such active user, 22023 for a blank reason.';
revoke all on function authz.act_as(bigint, text) from public;
grant execute on function authz.act_as(bigint, text) to fundwarden_trusted;
