-- By the rule of every grant to a person.

create or replace function authz.assign_policy(
    user_id bigint,
    policy_id int,
    unit_id int default null,
    inherit_to_descendants boolean default true,
    valid_from timestamptz default null,
    valid_until timestamptz default null
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
        (select u.tenant_id from authz.users as u where u.id = assign_policy.user_id), 'user_id'
    );
    select u.tenant_id into home from authz.users as u where u.id = assign_policy.user_id;
    perform authz_private.check_window(assign_policy.valid_from, assign_policy.valid_until);
    perform authz_private.usable_policy(assign_policy.policy_id, home);
    perform authz_private.check_grant_change(
        me, assign_policy.user_id, assign_policy.unit_id,
        coalesce(assign_policy.inherit_to_descendants, true), assign_policy.valid_until,
        'create',
        array(
            select pp.permission_id
            from authz.policy_permissions as pp
            where pp.policy_id = assign_policy.policy_id
        ),
        null
    );
    begin
        insert into authz.user_policies as g (
            tenant_id, user_id, policy_id, unit_id, inherit_to_descendants, valid_from, valid_until
        )
        values (
            home, assign_policy.user_id, assign_policy.policy_id, assign_policy.unit_id,
            coalesce(assign_policy.inherit_to_descendants, true), assign_policy.valid_from,
            assign_policy.valid_until
        )
        returning g.id into new_id;
    exception
        when unique_violation or exclusion_violation then
            perform authz_private.refuse_overlap('user_id');
    end;
    return row(new_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.assign_policy(
    bigint, int, int, boolean, timestamptz, timestamptz
) is
    'Gives the user the policy, of the tenant or of the platform, at the unit, and below it when '
    'inherited; a null unit_id means wherever the user belongs. Requires permissions:create '
    'throughout that place, and the caller must hold there, for as long, all that is in it, '
    'whether it allows or denies. 28000 if nobody is signed in; 42501 if that is not allowed or '
    'the object does not exist, for oneself, above one''s own rank, or if the caller does not '
    'hold it; 22023 for an empty window; 23P01 if the user has it there already for a part of '
    'that time.';
revoke all on function authz.assign_policy(
    bigint, int, int, boolean, timestamptz, timestamptz
) from public;
grant execute on function authz.assign_policy(
    bigint, int, int, boolean, timestamptz, timestamptz
) to fundwarden_app;
