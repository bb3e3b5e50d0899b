-- A question about something that does not exist is a mistake of the caller's, not a no.

create or replace function authz_private.check_question(
    resource text, action text, context jsonb
)
returns void
language plpgsql stable security invoker parallel safe
as $$
begin
    if resource is null or not exists (
        select from authz.resources as r where r.code = check_question.resource
    )
    then
        raise exception 'resource % does not exist',
            coalesce(quote_literal(left(resource, 100)), 'null')
            using errcode = '22023', hint = 'Pass the code of a row in authz.resources.';
    end if;
    if action is null or action !~ '^[a-z][a-z0-9_]{0,49}$' then
        raise exception 'action % is not an action',
            coalesce(quote_literal(left(action, 100)), 'null')
            using errcode = '22023', hint = 'Pass a word such as read, create, update or delete.';
    end if;
    if context is not null and jsonb_typeof(context) <> 'object' then
        raise exception 'context must be a JSON object'
            using errcode = '22023', hint = 'Pass {} for no context.';
    end if;
end
$$;

comment on function authz_private.check_question(text, text, jsonb) is
    'Refuses a question that cannot be meant: 22023 naming resource, action or context.';
revoke all on function authz_private.check_question(text, text, jsonb) from public;
