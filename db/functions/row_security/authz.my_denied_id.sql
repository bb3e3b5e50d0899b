-- For the policies, which ask it once a statement in a sub-select of their own.

create or replace function authz.my_denied_id(resource text, action text)
returns bigint
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
begin
    return (
        select m.user_id
        from authz_private.own_rows_of_session(my_denied_id.resource, my_denied_id.action) as m
        where m.own_denied
    );
end
$$;

comment on function authz.my_denied_id(text, text) is
    'The user signed in, where what they own does not count for resource:action though its unit '
    'does; null otherwise.';
revoke all on function authz.my_denied_id(text, text) from public;
grant execute on function authz.my_denied_id(text, text) to fundwarden_app;
