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
    place record;
begin
    if not authz_private.asks_freely() then
        me := authz.current_user_id();
        subject_id := case when coalesce(check_user_permission.user_id, me) = me then me end;
    end if;
    select
        n.path,
        exists (select from authz.users as u where u.id = subject_id)
        and exists (
            select from authz.resources as r where r.code = check_user_permission.resource
        ) as is_known,
        -- authz_private.view_is_populated(), which a call would make 3 % dearer.
        (
            select c.relispopulated
            from pg_class as c
            where c.oid = 'authz.user_effective_policies'::regclass
        ) as view_is_populated,
        exists (
            select
            from authz.permission_templates as t
            where t.permission_key
                = check_user_permission.resource || '.' || check_user_permission.action
        ) as has_templates,
        exists (
            select
            from authz.delegations as d
            where d.delegate_id = subject_id and d.status = 'active'
        ) as has_delegations
    into place
    from authz.org_units as n
    where n.id = check_user_permission.unit_id;
    -- The functions that tell what is wrong are asked only where something may be: they cost as
    -- much as the answer.
    if place.is_known is not true
        or action is null
        or action !~ '^[a-z][a-z0-9_]{0,49}$'
        or jsonb_typeof(context) <> 'object'
    then
        perform authz_private.check_question(resource, action, context);
        subject_id := authz_private.asked_user(check_user_permission.user_id, 'user_id');
        perform authz_private.asked_place(unit_id, 'unit_id');
    end if;
    if place.path is null then
        return false;
    end if;
    return authz_private.decide_at(
        subject_id, resource, action, unit_id, context, place.path, place.view_is_populated,
        place.has_templates, place.has_delegations
    );
end
$$;

comment on function authz.check_user_permission(bigint, text, text, int, jsonb) is
    'Whether the user may do resource:action in the unit, given the context: owner_id is the owner '
    'of the row in question (for the scope own), other names are for conditions. A null user_id '
    'means the user signed in. 22023 no such resource, action, unit or user; 28000 nobody; 42501 '
    'not allowed to ask about this user.';
revoke all on function authz.check_user_permission(bigint, text, text, int, jsonb) from public;
grant execute on function authz.check_user_permission(bigint, text, text, int, jsonb)
to fundwarden_app, fundwarden_operator;
