-- For callers that read the view in a statement of its own. A plan that carries a view which was
-- never refreshed fails as it starts, hence two questions.

create or replace function authz_private.view_answers_for(user_id bigint)
returns boolean
language plpgsql stable security invoker parallel safe
as $$
begin
    if not authz_private.view_is_populated() then
        return false;
    end if;
    return coalesce(
        (select v.answers from authz_private.view_answers(view_answers_for.user_id) as v), false
    );
end
$$;

comment on function authz_private.view_answers_for(bigint) is
    'Whether authz.user_effective_policies holds exactly what the tables say of the user, in the '
    'snapshot of the caller; of a null user_id: whether it does of everyone without a mark.';
revoke all on function authz_private.view_answers_for(bigint) from public;
