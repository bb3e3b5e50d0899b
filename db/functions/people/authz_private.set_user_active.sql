-- A user who is made active has everything again that they were given.

create or replace function authz_private.set_user_active(user_id bigint, is_active boolean)
returns authz.change
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    me bigint;
    subject authz.users;
begin
    me := authz_private.begin_administration(
        (select u.tenant_id from authz.users as u where u.id = set_user_active.user_id), 'user_id'
    );
    subject := authz_private.administered_user(
        me, case when set_user_active.is_active then 'update' else 'delete' end,
        set_user_active.user_id
    );
    if set_user_active.is_active and not subject.is_active then
        perform authz_private.require_to_hold_grants_of(me, subject);
    end if;
    update authz.users as u
    set is_active = set_user_active.is_active, is_absent = false
    -- Whom a feed deactivated stays inactive, whatever the next feed says.
    where u.id = subject.id and (u.is_active <> set_user_active.is_active or u.is_absent);
    return row(subject.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz_private.set_user_active(bigint, boolean) is
    'Behind authz.activate_user and authz.deactivate_user.';
revoke all on function authz_private.set_user_active(bigint, boolean) from public;
