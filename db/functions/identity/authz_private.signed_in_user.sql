-- Of whoever changes something, and of most who ask.

create or replace function authz_private.signed_in_user()
returns bigint
language plpgsql stable security invoker parallel restricted
as $$
declare
    me bigint := authz.current_user_id();
begin
    if me is null then
        raise exception 'nobody is signed in'
            using errcode = '28000', hint = 'Sign in within this transaction.';
    end if;
    return me;
end
$$;

comment on function authz_private.signed_in_user() is
    'The user this transaction acts for. 28000 if nobody is signed in.';
revoke all on function authz_private.signed_in_user() from public;
