-- Whether a reader anywhere has more to do than after a refresh.

create or replace function authz_private.refresh_is_due()
returns boolean
language plpgsql stable security invoker parallel safe
as $$
begin
    return not authz_private.view_answers_for(null)
        or exists (select from authz_private.policy_marks as m where m.user_id is not null)
        or not exists (
            select from authz_private.expansion_is_current() as c where c.is_current
        );
end
$$;

comment on function authz_private.refresh_is_due() is
    'Whether authz.user_effective_policies fails to answer for somebody, or '
    'authz_private.expanded_permissions is not read.';
revoke all on function authz_private.refresh_is_due() from public;
