-- The rule of every grant to a person: the place, the person, the rank, and what is given.

create or replace function authz_private.check_grant_change(
    actor_id bigint,
    user_id bigint,
    unit_id int,
    inherit_to_descendants boolean,
    until timestamptz,
    action text,
    permission_ids int [],
    rank int
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
declare
    receiver authz.users;
    home ext.ltree;
    place record;
begin
    select u.* into receiver from authz.users as u where u.id = check_grant_change.user_id;
    if receiver.id is null
        or not authz_private.may_act(actor_id, 'users', 'read', receiver.base_unit_id, false)
    then
        perform authz_private.refuse_administration('user_id');
    end if;
    if authz_private.is_self(actor_id, receiver.id) then
        raise exception 'user_id: nobody administers themselves'
            using errcode = '42501', hint = 'Ask somebody of at least your rank.';
    end if;
    select n.path into home from authz.org_units as n where n.id = receiver.base_unit_id;
    for place in
        select n.id, n.path
        from authz.org_units as n
        where n.tenant_id = receiver.tenant_id
            and (
                n.id = check_grant_change.unit_id
                or check_grant_change.unit_id is null
                and n.id in (select p.unit_id from authz_private.units_of_user(receiver.id) as p)
            )
    loop
        if not authz_private.may_act(
            actor_id, 'permissions', action, place.id, check_grant_change.inherit_to_descendants
        )
        then
            perform authz_private.refuse_administration('unit_id');
        end if;
        if not authz_private.outranks(
            actor_id,
            greatest(check_grant_change.rank, authz_private.highest_rank(receiver.id)),
            place.path,
            check_grant_change.inherit_to_descendants
        )
        then
            raise exception 'user_id: the role, or one the user holds, is above your rank'
                using errcode = '42501', hint = 'Ask somebody of at least that rank.';
        end if;
        perform authz_private.require_to_hold(
            actor_id, permission_ids, place.path, check_grant_change.inherit_to_descendants, home, until
        );
        -- What a rank is given by templates the giver has by theirs, unless it is denied to them.
        if action = 'create'
            and authz_private.templates_give_more(actor_id, check_grant_change.rank, place.id, place.path)
        then
            raise exception 'role_id: its rank is given by template what is denied to you'
                using errcode = '42501', hint = 'Ask somebody who may do it there.';
        end if;
    end loop;
    if not found then
        perform authz_private.refuse_administration('unit_id');
    end if;
end
$$;

comment on function authz_private.check_grant_change(
    bigint, bigint, int, boolean, timestamptz, text, int [], int
) is
    'Refuses with 42501 what the acting user may not give to, or take from, the user: outside '
    'where they do permissions:action, to themselves, above their rank, or a permission they do'
    ' not hold. A null unit_id means wherever the user belongs.';
revoke all on function authz_private.check_grant_change(
    bigint, bigint, int, boolean, timestamptz, text, int [], int
) from public;
