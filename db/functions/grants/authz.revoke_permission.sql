-- By deleting: a window ended now would still be open to a statement that began before and waits
-- for the lock.

create or replace function authz.revoke_permission(assignment_id bigint)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    gone authz.user_permissions;
begin
    me := authz_private.begin_administration(
        (
            select g.tenant_id
            from authz.user_permissions as g
            where g.id = assignment_id
        ),
        'assignment_id'
    );
    select g.* into gone from authz.user_permissions as g where g.id = assignment_id;
    if gone.id is null
        or not authz_private.may_act(
            me, 'permissions', 'delete',
            coalesce(
                gone.unit_id,
                (select u.base_unit_id from authz.users as u where u.id = gone.user_id)
            ),
            false
        )
    then
        perform authz_private.refuse_administration('assignment_id');
    end if;
    perform authz_private.check_grant_change(
        me, gone.user_id, gone.unit_id, gone.inherit_to_descendants, null, 'delete',
        '{}',
        null
    );
    delete from authz.user_permissions as g where g.id = gone.id;
    return row(gone.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.revoke_permission(bigint) is
    'Ends a grant of a permission, by its id. Requires permissions:delete throughout where it '
    'holds; denies that end with it have to be held. 28000 if nobody is signed in; 42501 if that '
    'is not allowed or the object does not exist, for oneself, above one''s own rank.';
revoke all on function authz.revoke_permission(bigint) from public;
grant execute on function authz.revoke_permission(bigint) to fundwarden_app;
