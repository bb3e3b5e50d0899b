-- A user who is made active has everything again that they were given.

create or replace function authz_private.set_user_active(user_id bigint, is_active boolean)
returns authz.change
language plpgsql volatile security invoker parallel unsafe
as $$
declare
    me bigint;
    subject authz.users;
    place record;
begin
    me := authz_private.begin_administration(
        (select u.tenant_id from authz.users as u where u.id = set_user_active.user_id), 'user_id'
    );
    subject := authz_private.administered_user(
        me, case when set_user_active.is_active then 'update' else 'delete' end,
        set_user_active.user_id
    );
    if set_user_active.is_active and not subject.is_active then
        for place in
            select
                n.path,
                g.inherit_to_descendants,
                array_agg(distinct g.permission_id) as permission_ids
            from authz_private.grants as g
            inner join authz.org_units as n on g.business_unit_id = n.id
            where g.user_id = subject.id
                and (g.valid_until is null or g.valid_until > authz.clock())
            group by n.path, g.inherit_to_descendants
        loop
            perform authz_private.require_to_hold(
                me, place.permission_ids, place.path, place.inherit_to_descendants,
                (select n.path from authz.org_units as n where n.id = subject.base_unit_id), null
            );
        end loop;
    end if;
    update authz.users as u
    set is_active = set_user_active.is_active, is_absent = false
    where u.id = subject.id and u.is_active <> set_user_active.is_active;
    return row(subject.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz_private.set_user_active(bigint, boolean) is
    'Behind authz.activate_user and authz.deactivate_user.';
revoke all on function authz_private.set_user_active(bigint, boolean) from public;
