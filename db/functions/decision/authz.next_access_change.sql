-- For whoever caches: until then time alone changes nothing.

create or replace function authz.next_access_change(user_id bigint)
returns timestamptz
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    subject_id bigint := authz_private.user_in_question(next_access_change.user_id, 'user_id');
begin
    return (
        select min(w.instant)
        from (
            select g.valid_from, g.valid_until
            from authz_private.grants as g
            where g.user_id = subject_id
                and g.refusal is null
                -- A window that is empty, where grant and membership do not meet, changes nothing.
                and (g.valid_from < g.valid_until) is not false
            union all
            select d.valid_from, d.valid_until
            from authz.delegations as d
            where d.delegate_id = subject_id and d.status = 'active'
            union all
            -- What is delegated comes and goes with what the delegator holds.
            select g.valid_from, g.valid_until
            from authz.delegations as d
            inner join authz_private.grants as g on d.delegator_id = g.user_id
            where d.delegate_id = subject_id
                and d.status = 'active'
                and d.valid_until > authz.clock()
                and g.refusal is null
                and (g.valid_from < g.valid_until) is not false
        ) as v
        cross join lateral (values (v.valid_from), (v.valid_until)) as w (instant)
        -- A bound at infinity is none: many drivers cannot represent it.
        where w.instant > authz.clock() and isfinite(w.instant)
    );
end
$$;

comment on function authz.next_access_change(bigint) is
    'The next instant at which the window of a grant, membership or delegation of the user, or '
    'of a grant of who delegates to them, opens or closes, always finite; null: never. '
    'Conditions that name the time are not looked at. A null user_id means the user who is '
    'signed in. 28000, 42501, 22023.';
revoke all on function authz.next_access_change(bigint) from public;
grant execute on function authz.next_access_change(bigint) to fundwarden_app, fundwarden_operator;
