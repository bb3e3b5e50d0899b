-- A grant without a unit holds in every unit one is a member of.

create or replace function authz.add_membership(
    user_id bigint,
    unit_id int,
    valid_from timestamptz default null,
    valid_until timestamptz default null
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    subject authz.users;
    unit authz.org_units;
    new_id bigint;
begin
    me := authz_private.begin_administration(
        (
            select u.tenant_id
            from authz.users as u
            where u.id = add_membership.user_id
        ),
        'user_id'
    );
    subject := authz_private.administered_user(me, 'update', add_membership.user_id);
    unit := authz_private.administered_unit(
        me, 'users', 'update', add_membership.unit_id, false, 'unit_id'
    );
    if unit.tenant_id <> subject.tenant_id then
        perform authz_private.refuse_administration('unit_id');
    end if;
    perform authz_private.check_window(add_membership.valid_from, add_membership.valid_until);
    perform authz_private.check_belonging(me, subject.id, array[unit.id], false);
    perform authz_private.check_approved_roles_stay(subject.id);
    begin
        insert into authz.memberships as m (tenant_id, user_id, unit_id, valid_from, valid_until)
        values (
            subject.tenant_id, subject.id, unit.id,
            add_membership.valid_from, add_membership.valid_until
        )
        returning m.id into new_id;
    exception
        when unique_violation or exclusion_violation then
            perform authz_private.refuse_overlap('user_id');
    end;
    return row(new_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.add_membership(
    bigint, int, timestamptz, timestamptz
) is
    'Makes the user a member of a further unit. Requires users:update in both, and the caller '
    'must hold there what the user was given without a unit. 28000 if nobody is signed in; 42501 '
    'if that is not allowed or the object does not exist, for oneself, above one''s own rank; '
    '22023 for an empty window; 23514 a role without a unit that requires approval; 23P01 if the '
    'user is a member already for a part of that time.';
revoke all on function authz.add_membership(
    bigint, int, timestamptz, timestamptz
) from public;
grant execute on function authz.add_membership(
    bigint, int, timestamptz, timestamptz
) to fundwarden_app;
