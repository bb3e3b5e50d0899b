-- Every change about a user passes here first.

create or replace function authz_private.administered_user(
    actor_id bigint, action text, user_id bigint
)
returns authz.users
language plpgsql stable security invoker parallel restricted
as $$
declare
    subject authz.users;
    home ext.ltree;
begin
    select u.* into subject from authz.users as u where u.id = administered_user.user_id;
    if subject.id is null
        or not authz_private.may_act(actor_id, 'users', action, subject.base_unit_id, false)
    then
        perform authz_private.refuse_administration('user_id');
    end if;
    if authz_private.is_self(actor_id, subject.id) then
        raise exception 'user_id: nobody administers themselves'
            using errcode = '42501', hint = 'Ask somebody of at least your rank.';
    end if;
    select n.path into home from authz.org_units as n where n.id = subject.base_unit_id;
    if not authz_private.outranks(
        actor_id, authz_private.highest_rank(subject.id), home, false
    )
    then
        raise exception 'user_id: holds a role above your rank'
            using errcode = '42501', hint = 'Ask somebody of at least their rank.';
    end if;
    return subject;
end
$$;

comment on function authz_private.administered_user(bigint, text, bigint) is
    'The user, where the acting user may do users:action in their base unit, is not they and is '
    'not outranked by them. 42501 otherwise, hidden and missing objects alike.';
revoke all on function authz_private.administered_user(bigint, text, bigint) from public;
