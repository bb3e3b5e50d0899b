-- Whether a reader anywhere would have to compute from the tables.

create or replace function authz_private.refresh_is_due()
returns boolean
language plpgsql stable security invoker parallel safe
as $$
begin
    return not authz_private.view_answers_for(null)
        or exists (select from authz_private.policy_marks as m where m.user_id is not null);
end
$$;

comment on function authz_private.refresh_is_due() is
    'Whether authz.user_effective_policies fails to answer for somebody.';
revoke all on function authz_private.refresh_is_due() from public;
