-- An auditor asks about nobody in particular, but sees what everybody was given. A login that
-- signed a user in answers that user, whatever the login itself may see.

create or replace function authz_private.may_see_every_review()
returns boolean
language sql stable security invoker parallel restricted
begin atomic
    select authz_private.session_is_owner()
        or authz.current_user_id() is null
        and (
            authz_private.may_ask_about_anyone()
            or pg_has_role(
                coalesce(nullif(current_setting('role'), 'none'), session_user)::name,
                'fundwarden_auditor', 'usage'
            )
        );
end;

comment on function authz_private.may_see_every_review() is
    'Whether the session may see the access of everybody: the owner; and trusted, operator or '
    'auditor while nobody is signed in.';
revoke all on function authz_private.may_see_every_review() from public;
