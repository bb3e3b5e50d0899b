-- For the record of who did what: an impersonation must not look like its subject.

create or replace function authz.real_user_id()
returns bigint
language sql stable security invoker parallel restricted
begin atomic
    -- What verified as a whole can be read in part.
    select case
        when authz.current_user_id() is not null
            then nullif(
                split_part(current_setting('fundwarden.identity', true), ':', 2), ''
            )::bigint
    end;
end;

comment on function authz.real_user_id() is
    'The user who signed in by token, also while authz.act_as() lets them act for another; null '
    'when nobody is signed in, or a trusted login acts for somebody without a token.';
revoke all on function authz.real_user_id() from public;
grant execute on function authz.real_user_id() to fundwarden_app, fundwarden_operator;
