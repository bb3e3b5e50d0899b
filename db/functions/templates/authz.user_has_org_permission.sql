-- The question of district, school and organisation: templates, ranks and locks alone.

create or replace function authz.user_has_org_permission(
    user_id bigint, org_id int, permission_key text
)
returns boolean
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    subject_id bigint := authz_private.user_in_question(user_has_org_permission.user_id, 'user_id');
    asked_path ltree;
begin
    if permission_key is null
        or permission_key !~ '^[a-z][a-z0-9_]{0,49}\.[a-z][a-z0-9_]{0,49}$'
    then
        raise exception 'permission_key % is not a permission',
            coalesce(quote_literal(left(permission_key, 110)), 'null')
            using errcode = '22023', hint = 'Pass resource and action, as in events.create.';
    end if;
    select n.path
    into asked_path
    from authz.org_units as n
    where n.id = authz_private.unit_of_check(org_id, 'org_id');
    return found and authz_private.template_allows(
        subject_id, org_id, asked_path, permission_key
    );
end
$$;

comment on function authz.user_has_org_permission(bigint, int, text) is
    'Whether the permission templates give permission_key in the unit org_id to the rank of a '
    'role the user holds there. A null user_id means the user who is signed in. 22023 if there '
    'is no such unit or user, no key; 28000 if nobody is signed in; 42501 if the caller may not '
    'ask about that user.';
revoke all on function authz.user_has_org_permission(bigint, int, text) from public;
grant execute on function authz.user_has_org_permission(bigint, int, text)
to fundwarden_app, fundwarden_operator;
