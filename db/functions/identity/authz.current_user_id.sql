-- Called once per statement by whatever asks who is acting. Anything that does not verify is
-- nobody: a reason would tell a forger what to try next.

create or replace function authz.current_user_id()
returns bigint
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    claimed text := current_setting('fundwarden.identity', true);
    effective_id bigint;
    real_id bigint;
    inner_key bytea;
    outer_key bytea;
begin
    -- After a transaction-local setting has ended it reads as '', not as null. Lengths are looked
    -- at apart, as a bounded repeat costs the expression as much as all the rest.
    if claimed is null
        or length(claimed) > 102
        or claimed !~ '^[0-9]+:[0-9]*:[0-9a-f]+$'
        or length(split_part(claimed, ':', 1)) > 18
        or length(split_part(claimed, ':', 2)) > 18
        or length(split_part(claimed, ':', 3)) <> 64
    then
        return null;
    end if;
    effective_id := split_part(claimed, ':', 1)::bigint;
    real_id := nullif(split_part(claimed, ':', 2), '')::bigint;

    select
        k.inner_key,
        k.outer_key
    into inner_key, outer_key
    from authz_private.identity_key as k
    cross join authz_private.active_users as u
    where u.id = effective_id;
    if not found then
        return null;
    end if;
    -- The hashes of both: how long it takes to find that two texts differ tells where they do.
    if sha256(outer_key || decode(split_part(claimed, ':', 3), 'hex')) <> sha256(
        outer_key
        || authz_private.identity_signature(effective_id, real_id, inner_key, outer_key)
    )
    then
        return null;
    end if;
    -- Who acts through another must be somebody still. Two conditions in two steps: one that
    -- holds a query is run as a query, whatever its other half says.
    if real_id <> effective_id then
        if not exists (select from authz_private.active_users as u where u.id = real_id) then
            return null;
        end if;
    end if;
    return effective_id;
end
$$;

comment on function authz.current_user_id() is
    'The user this transaction acts for; null when nobody is signed in, or the user, their tenant '
    'or the real user behind them is inactive.';
revoke all on function authz.current_user_id() from public;
grant execute on function authz.current_user_id() to fundwarden_app, fundwarden_operator;
