-- Who may do this here? Candidates come from the grants that could reach the unit, in the order of
-- user ids; each is then asked as a check would be.

create or replace function authz.users_with_permission(
    resource text,
    action text,
    unit_id int,
    after_user_id bigint default 0,
    page_size int default 100
)
returns table (user_id bigint, username text)
language plpgsql stable security definer parallel restricted
set search_path = pg_catalog, ext, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    me bigint;
    place record;
    candidates refcursor;
    tested record;
    last_id bigint;
    found_so_far int := 0;
begin
    perform authz_private.check_question(resource, action, '{}');
    if page_size is null or page_size not between 1 and 10000 then
        raise exception 'page_size % is out of range', coalesce(page_size::text, 'null')
            using errcode = '22023', hint = 'Pass 1 to 10000 users a page.';
    end if;
    perform authz_private.asked_place(users_with_permission.unit_id, 'unit_id');
    if not authz_private.asks_freely() then
        me := authz.current_user_id();
        if me is null then
            raise exception 'nobody is signed in'
                using errcode = '28000', hint = 'Sign in within this transaction.';
        end if;
        if not authz_private.decide(
                me, 'permissions', 'read', users_with_permission.unit_id, '{}'
            )
        then
            raise exception 'unit_id: not allowed to ask about this unit'
                using errcode = '42501', hint = 'Hold permissions:read there.';
        end if;
    end if;
    select n.path into place
    from authz.org_units as n
    where n.id = users_with_permission.unit_id;

    -- Where the view answers for nobody, or templates speak besides, everybody is asked.
    if authz_private.view_answers_for(null) and not exists (
        select
        from authz.permission_templates as t
        where t.permission_key
            = users_with_permission.resource || '.' || users_with_permission.action
    )
    then
        open candidates for execute authz_private.possible_holders_query(place.path)
        using coalesce(after_user_id, 0), users_with_permission.resource,
            users_with_permission.action;
    else
        open candidates for
        select u.id as user_id
        from authz.users as u
        where u.id > coalesce(after_user_id, 0)
        order by u.id;
    end if;
    loop
        fetch candidates into tested;
        exit when not found;
        continue when tested.user_id = last_id;
        last_id := tested.user_id;
        if authz_private.decide(
                tested.user_id, users_with_permission.resource, users_with_permission.action,
                users_with_permission.unit_id, '{}'
            )
            -- To the caller only people they may ask about, as anywhere else.
            and (
                me is null
                or authz_private.decide(
                    me, 'permissions', 'read',
                    (select u.base_unit_id from authz.users as u where u.id = tested.user_id), '{}'
                )
            )
        then
            user_id := tested.user_id;
            username := (select u.username from authz.users as u where u.id = tested.user_id);
            return next;
            found_so_far := found_so_far + 1;
            exit when found_so_far >= page_size;
        end if;
    end loop;
    close candidates;
end
$$;

comment on function authz.users_with_permission(text, text, int, bigint, int) is
    'Users who may do resource:action in the unit, by ascending id: those after after_user_id, '
    'page_size of them; the id of the last is the next after_user_id. Exactly those for whom '
    'authz.check_user_permission says yes. Others than the owner, trusted and operator need '
    'permissions:read at the unit, and see people they may ask about. 22023, 28000, 42501.';
revoke all on function authz.users_with_permission(text, text, int, bigint, int) from public;
grant execute on function authz.users_with_permission(text, text, int, bigint, int)
to fundwarden_app, fundwarden_operator;
