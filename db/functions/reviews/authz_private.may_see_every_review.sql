-- An auditor asks about nobody in particular, but sees what everybody was given.

create or replace function authz_private.may_see_every_review()
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select authz_private.may_ask_about_anyone()
        or pg_has_role(
            coalesce(nullif(current_setting('role'), 'none'), session_user)::name,
            'fundwarden_auditor', 'usage'
        );
end;

comment on function authz_private.may_see_every_review() is
    'Whether the session may see the access of everybody: owner, trusted, operator or auditor.';
revoke all on function authz_private.may_see_every_review() from public;
