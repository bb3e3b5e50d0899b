-- Marks only come, until a refresh takes them away and leaves another nonce: together they name the
-- state of every grant. Delegations, templates and the tree are read when asked and leave no mark.

create or replace function authz.policy_version()
returns text
language plpgsql stable security definer parallel safe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    nonce text := 'none';
begin
    if authz_private.view_is_populated() then
        select v.nonce::text into nonce
        from authz.user_effective_policies as v
        where v.user_id is null;
    end if;
    return md5(
        coalesce(nonce, 'none') || ' ' || coalesce(
            (
                select string_agg(m.id::text, ',' order by m.id)
                from authz_private.policy_marks as m
                where not m.is_floor
            ),
            ''
        )
    );
end
$$;

comment on function authz.policy_version() is
    'A text that differs after every change of grants, roles, policies or users; for callers that '
    'cache. Not after changes of delegations, permission templates or the tree, which no refresh '
    'has to see; windows are for authz.next_access_change().';
revoke all on function authz.policy_version() from public;
grant execute on function authz.policy_version() to fundwarden_app, fundwarden_operator;
