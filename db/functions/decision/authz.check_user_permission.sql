-- May this user do this, here, now?

create or replace function authz.check_user_permission(
    user_id bigint, resource text, action text, unit_id int, context jsonb default '{}'
)
returns boolean
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    subject_id bigint := check_user_permission.user_id;
    me bigint;
    allowed boolean;
begin
    if not authz_private.may_ask_about_anyone() then
        me := authz.current_user_id();
        subject_id := case when coalesce(check_user_permission.user_id, me) = me then me end;
    end if;
    allowed := case
        when action ~ '^[a-z][a-z0-9_]{0,49}$' and (jsonb_typeof(context) = 'object') is not false
            then authz_private.verdict(subject_id, resource, action, unit_id, context)
    end;
    if allowed is not null then
        return allowed;
    end if;
    -- The functions that tell what is wrong are asked only where something may be: they cost as
    -- much as the answer.
    perform authz_private.check_question(resource, action, context);
    subject_id := authz_private.user_in_question(check_user_permission.user_id, 'user_id');
    perform authz_private.unit_of_check(unit_id, 'unit_id');
    return authz_private.decide(subject_id, resource, action, unit_id, context);
end
$$;

comment on function authz.check_user_permission(bigint, text, text, int, jsonb) is
    'Whether the user may do resource:action in the unit, given the context: owner_id is the '
    'owner of the row in question (for the scope own), other names are for conditions. A null '
    'user_id means the user who is signed in. 22023 if there is no such resource, action, unit '
    'or user; 28000 if nobody is signed in; 42501 if the caller may not ask about that user.';
revoke all on function authz.check_user_permission(bigint, text, text, int, jsonb) from public;
grant execute on function authz.check_user_permission(bigint, text, text, int, jsonb)
to fundwarden_app, fundwarden_operator;
