-- Who may do this here? Candidates come from the grants that could reach the unit, in the order of
-- user ids; they are then asked as checks would be, a batch at a time.

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
    holders text;
    candidates bigint [];
    allowed_ids bigint [];
    last_id bigint := coalesce(after_user_id, 0);
    batch_size int;
    found_so_far int := 0;
begin
    perform authz_private.check_question(resource, action, '{}');
    if page_size is null or page_size not between 1 and 10000 then
        raise exception 'page_size % is out of range', coalesce(page_size::text, 'null')
            using errcode = '22023', hint = 'Pass 1 to 10000 users a page.';
    end if;
    perform authz_private.unit_of_check(users_with_permission.unit_id, 'unit_id');
    if not authz_private.may_ask_about_anyone() then
        me := authz_private.signed_in_user();
        if not authz_private.decide(
                me, 'permissions', 'read', users_with_permission.unit_id, '{}'
            )
        then
            raise exception 'unit_id: not allowed to ask about this unit'
                using errcode = '42501', hint = 'Hold permissions:read there.';
        end if;
    end if;
    batch_size := page_size + 20;
    select n.path into place
    from authz.org_units as n
    where n.id = users_with_permission.unit_id;

    -- Templates speak of ranks, of which the view holds nothing.
    if authz_private.view_answers_for(null) and not exists (
        select
        from authz.permission_templates as t
        where t.permission_key
            = users_with_permission.resource || '.' || users_with_permission.action
    )
    then
        holders := authz_private.possible_holders_query(place.path);
    end if;
    loop
        if holders is null then
            candidates := array(
                select h.id
                from authz_private.live_holders(
                    place.path, users_with_permission.resource, users_with_permission.action,
                    last_id, batch_size
                ) as h (id)
            );
        else
            execute 'select array(' || holders || ')'
            into candidates
            using last_id, users_with_permission.resource, users_with_permission.action,
                batch_size;
        end if;
        exit when candidates = '{}';
        last_id := candidates[cardinality(candidates)];

        allowed_ids := array(
            select candidates[d.place]
            from authz_private.decide_all(
                candidates,
                array_fill(users_with_permission.resource, array[cardinality(candidates)]),
                array_fill(users_with_permission.action, array[cardinality(candidates)]),
                array_fill(users_with_permission.unit_id, array[cardinality(candidates)]),
                array_fill('{}'::jsonb, array[cardinality(candidates)])
            ) as d
            where d.allowed
        );
        if me is not null then
            -- To the caller only people they may ask about, as anywhere else.
            allowed_ids := array(
                select u.id
                from authz.users as u
                where u.id = any(allowed_ids)
                    and (
                        u.id = me
                        or authz_private.decide(me, 'permissions', 'read', u.base_unit_id, '{}')
                    )
            );
        end if;
        return query
        select
            u.id,
            u.username
        from authz.users as u
        where u.id = any(allowed_ids)
        order by u.id
        limit page_size - found_so_far;
        found_so_far := found_so_far + cardinality(allowed_ids);
        exit when found_so_far >= page_size or cardinality(candidates) < batch_size;
        -- Who was not among the first is looked for in fewer and longer steps.
        batch_size := least(batch_size * 2, 20000);
    end loop;
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
