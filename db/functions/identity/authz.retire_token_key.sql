-- Keys are retired, not deleted, so that no later key takes the name of an earlier one.

create or replace function authz.retire_token_key(kid text, at timestamptz default null)
returns void
language plpgsql volatile security invoker parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    update authz_private.token_keys as k
    set retired_at = coalesce(retire_token_key.at, authz.clock())
    where k.kid = retire_token_key.kid
        and (k.retired_at is null or k.retired_at > authz.clock());
    if not found then
        raise exception 'kid % is no key in force', quote_nullable(kid)
            using errcode = '22023', hint = 'What is retired stays retired: add another key.';
    end if;
end
$$;

comment on function authz.retire_token_key(text, timestamptz) is
    'Tokens signed with the key verify no longer, from the instant given or now. Only the owner '
    'may call it. 22023 when no such key is in force.';
revoke all on function authz.retire_token_key(text, timestamptz) from public;
