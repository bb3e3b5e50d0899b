-- For whoever caches: until then time alone changes nothing.

create or replace function authz.next_access_change(user_id bigint)
returns timestamptz
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    subject_id bigint := authz_private.asked_user(next_access_change.user_id, 'user_id');
begin
    return (
        select min(w.instant)
        from authz_private.grants as g
        cross join lateral (values (g.valid_from), (g.valid_until)) as w (instant)
        where g.user_id = subject_id
            and g.refusal is null
            and w.instant > authz.clock()
            -- A window that is empty, where grant and membership do not meet, changes nothing.
            and (g.valid_from < g.valid_until) is not false
    );
end
$$;

comment on function authz.next_access_change(bigint) is
    'The next instant at which the window of a grant or membership of the user opens or closes; '
    'null: never. Conditions that name the time are not looked at. A null user_id means the user '
    'signed in. 28000, 42501, 22023.';
revoke all on function authz.next_access_change(bigint) from public;
grant execute on function authz.next_access_change(bigint) to fundwarden_app, fundwarden_operator;
