-- Who stands below a user: the people of the units where the user may read users.

create or replace function authz.subordinates(user_id bigint)
returns table (user_id bigint, depth int)
language sql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
begin atomic
    select s.subordinate_id, s.depth
    from authz_private.subordinates_of($1) as s;
end;

comment on function authz.subordinates(bigint) is
    'Users, active or not, whose base unit the user oversees (users:read), and how many levels '
    'below the nearest unit of oversight: 0 in that unit itself. A null user_id means the user '
    'who is signed in. 22023 if there is no such user; 28000 if nobody is signed in; 42501 if '
    'the caller may not ask.';
revoke all on function authz.subordinates(bigint) from public;
grant execute on function authz.subordinates(bigint) to fundwarden_app, fundwarden_operator;
