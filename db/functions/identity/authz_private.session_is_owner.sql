-- Who may write the tables anyway is asked for no permission by a function that also writes them.

create or replace function authz_private.session_is_owner()
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select pg_has_role(
        coalesce(nullif(current_setting('role'), 'none'), session_user)::name,
        'fundwarden_owner',
        'usage'
    );
end;

comment on function authz_private.session_is_owner() is
    'Whether the session is the owner''s.';
revoke all on function authz_private.session_is_owner() from public;
