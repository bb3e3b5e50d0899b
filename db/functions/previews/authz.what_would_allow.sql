-- Each candidate is really made and undone, so what is told is within what the caller may give.

create or replace function authz.what_would_allow(
    user_id bigint, resource text, action text, unit_id int
)
returns table (place int, change text, arguments jsonb, explanation text)
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
#variable_conflict use_column
declare
    most_tried constant int := 60;
    most_told constant int := 10;
    subject_id bigint;
    candidate record;
begin
    perform authz_private.signed_in_user();
    subject_id := authz_private.user_in_question(what_would_allow.user_id, 'user_id');
    perform authz_private.check_question(
        what_would_allow.resource, what_would_allow.action, '{}'
    );
    perform authz_private.unit_of_check(what_would_allow.unit_id, 'unit_id');
    place := 0;
    if authz_private.decide(
            subject_id, what_would_allow.resource, what_would_allow.action,
            what_would_allow.unit_id, '{}'
        )
    then
        return;
    end if;
    for candidate in
        select
            c.action_name,
            c.arguments,
            c.title
        from authz_private.possible_changes(
            subject_id, what_would_allow.resource, what_would_allow.action,
            what_would_allow.unit_id
        ) with ordinality as c (action_name, arguments, title, place)
        order by c.place
        limit most_tried
    loop
        if authz_private.change_allows(
                candidate.action_name, candidate.arguments, subject_id,
                what_would_allow.resource, what_would_allow.action, what_would_allow.unit_id
            )
        then
            place := place + 1;
            change := candidate.action_name;
            arguments := candidate.arguments;
            explanation := candidate.title;
            return next;
            exit when place = most_told;
        end if;
    end loop;
end
$$;

comment on function authz.what_would_allow(bigint, text, text, int) is
    'The smallest changes, at most ten, that would allow the user resource:action in the unit and '
    'that the caller may make: the name of an administration function and its arguments. No row '
    'where it is allowed already, or where none of the first 60 candidates (existing roles, '
    'policies, permissions, ended grants, denies, templates, inactive rows) would work. Nothing '
    'is changed. 28000 if nobody is signed in; 42501 if the caller may not ask about the user; '
    '22023 unknown resource or action.';
revoke all on function authz.what_would_allow(bigint, text, text, int) from public;
grant execute on function authz.what_would_allow(bigint, text, text, int) to fundwarden_app;
