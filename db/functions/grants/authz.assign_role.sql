-- Not done at once where the role says that it takes two.

create or replace function authz.assign_role(
    user_id bigint,
    role_id int,
    unit_id int default null,
    inherit_to_descendants boolean default true,
    valid_from timestamptz default null,
    valid_until timestamptz default null,
    reason text default null
)
returns authz.change
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, ext, pg_temp
as $$
declare
    me bigint;
    home int;
    new_id bigint;
begin
    me := authz_private.begin_administration(
        (select u.tenant_id from authz.users as u where u.id = assign_role.user_id), 'user_id'
    );
    perform authz_private.check_window(assign_role.valid_from, assign_role.valid_until);
    perform authz_private.check_role_assignment(
        me, assign_role.user_id, assign_role.role_id, assign_role.unit_id,
        coalesce(assign_role.inherit_to_descendants, true), assign_role.valid_until
    );
    select u.tenant_id into home from authz.users as u where u.id = assign_role.user_id;
    if authz_private.role_requires_approval(assign_role.role_id) then
        perform authz_private.check_words(
            'reason', coalesce(reason, ''), 2000, 'The role requires approval: say what it is for.'
        );
        if home <> (select u.tenant_id from authz.users as u where u.id = me) then
            perform authz_private.refuse_administration('user_id');
        end if;
        insert into authz.grant_requests as g (
            tenant_id, user_id, role_id, unit_id, inherit_to_descendants, valid_from, valid_until,
            reason, requested_by
        )
        values (
            home, assign_role.user_id, assign_role.role_id, assign_role.unit_id,
            coalesce(assign_role.inherit_to_descendants, true), assign_role.valid_from,
            assign_role.valid_until, assign_role.reason, me
        )
        returning g.id into new_id;
        return row(new_id, 'pending', authz.policy_version())::authz.change;
    end if;
    begin
        insert into authz.user_roles as g (
            tenant_id, user_id, role_id, unit_id, inherit_to_descendants, valid_from, valid_until
        )
        values (
            home, assign_role.user_id, assign_role.role_id, assign_role.unit_id,
            coalesce(assign_role.inherit_to_descendants, true), assign_role.valid_from,
            assign_role.valid_until
        )
        returning g.id into new_id;
    exception
        when unique_violation or exclusion_violation then
            perform authz_private.refuse_overlap('user_id');
    end;
    return row(new_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.assign_role(
    bigint, int, int, boolean, timestamptz, timestamptz, text
) is
    'Gives the user the role at the unit, and below it when inherited; a null unit_id means '
    'wherever the user belongs. Requires permissions:create throughout that place, and the '
    'caller must hold there, for as long, all that it carries. A role that requires approval is '
    'asked for instead: status pending, and the id of the request. 28000 if nobody is signed in; '
    '42501 if that is not allowed or the object does not exist, for oneself, above one''s own '
    'rank, or if the caller does not hold it; 22023 for an empty window, no reason for a '
    'request; 23514 for an exclusive role; 23P01 if the user has it there already for a part of '
    'that time; 40001: retry.';
revoke all on function authz.assign_role(
    bigint, int, int, boolean, timestamptz, timestamptz, text
) from public;
grant execute on function authz.assign_role(
    bigint, int, int, boolean, timestamptz, timestamptz, text
) to fundwarden_app;
