-- Inlined into its callers, hence the repetition. session_user and the role setting are what the
-- session is; current_user inside a definer function is only the owner.

create or replace function authz_private.may_ask_about_anyone()
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select pg_has_role(
            coalesce(nullif(current_setting('role'), 'none'), session_user)::name,
            'fundwarden_owner', 'usage'
        )
        or pg_has_role(
            coalesce(nullif(current_setting('role'), 'none'), session_user)::name,
            'fundwarden_trusted', 'usage'
        )
        or pg_has_role(
            coalesce(nullif(current_setting('role'), 'none'), session_user)::name,
            'fundwarden_operator', 'usage'
        );
end;

comment on function authz_private.may_ask_about_anyone() is
    'Whether the session may ask about any user: owner, trusted or operator.';
revoke all on function authz_private.may_ask_about_anyone() from public;
