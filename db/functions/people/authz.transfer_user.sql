-- A transfer carries along every row the user owns, and every grant that names no unit.

create or replace function authz.transfer_user(user_id bigint, unit_id int)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    subject authz.users;
    unit authz.org_units;
begin
    me := authz_private.begin_administration(
        (select u.tenant_id from authz.users as u where u.id = transfer_user.user_id), 'user_id'
    );
    subject := authz_private.administered_user(me, 'update', transfer_user.user_id);
    unit := authz_private.administered_unit(
        me, 'users', 'update', transfer_user.unit_id, false, 'unit_id'
    );
    if unit.tenant_id <> subject.tenant_id then
        perform authz_private.refuse_administration('unit_id');
    end if;
    perform authz_private.check_belonging(
        me, subject.id, array[subject.base_unit_id, unit.id], true
    );
    perform authz_private.check_approved_roles_stay(subject.id);
    update authz.users as u set base_unit_id = unit.id where u.id = subject.id;
    return row(subject.id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.transfer_user(bigint, int) is
    'Gives the user another base unit of the tenant. Requires users:update in both, and the '
    'caller must hold, in both, what the user was given without a unit or under a condition. '
    '28000 if nobody is signed in; 42501 if that is not allowed or the object does not exist, '
    'for oneself, above one''s own rank; 23514 a role without a unit that requires approval.';
revoke all on function authz.transfer_user(bigint, int) from public;
grant execute on function authz.transfer_user(bigint, int) to fundwarden_app;
