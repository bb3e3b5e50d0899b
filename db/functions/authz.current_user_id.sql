-- Called once per statement by whatever asks who is acting. Anything that does not verify is
-- nobody: a reason would tell a forger what to try next.

create or replace function authz.current_user_id()
returns bigint
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    claimed text := current_setting('fundwarden.identity', true);
    -- A bounded repeat costs the expression many times as much as these lengths.
    well_formed constant text := '^[0-9]+:[0-9]*:[0-9a-f]+$';
    effective_id bigint;
    real_id bigint;
    expected bytea;
    found_outer_key bytea;
begin
    -- After a transaction-local setting has ended it reads as '', not as null.
    if claimed is null
        or length(claimed) > 102
        or claimed !~ well_formed
        or length(split_part(claimed, ':', 1)) > 18
        or length(split_part(claimed, ':', 2)) > 18
        or length(split_part(claimed, ':', 3)) <> 64
    then
        return null;
    end if;
    effective_id := split_part(claimed, ':', 1)::bigint;
    real_id := nullif(split_part(claimed, ':', 2), '')::bigint;

    select
        authz_private.identity_signature(effective_id, real_id, k.inner_key, k.outer_key),
        k.outer_key
    into expected, found_outer_key
    from authz_private.identity_key as k
    cross join authz_private.active_users as u
    where u.id = effective_id;
    -- The hashes of both: how long it takes to find that two texts differ tells where they do.
    if expected is null
        or sha256(found_outer_key || decode(split_part(claimed, ':', 3), 'hex'))
        <> sha256(found_outer_key || expected)
    then
        return null;
    end if;
    -- Who acts through another must be somebody still.
    if real_id <> effective_id
        and not exists (select from authz_private.active_users as u where u.id = real_id)
    then
        return null;
    end if;
    return effective_id;
end
$$;

comment on function authz.current_user_id() is
    'The user this transaction acts for; null when nobody is signed in, or the user, their tenant '
    'or the real user behind them is inactive.';
revoke all on function authz.current_user_id() from public;
grant execute on function authz.current_user_id() to fundwarden_app, fundwarden_operator;
