-- By the rule of every grant to a person.

create or replace function authz.grant_permission(
    user_id bigint,
    permission_id int,
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
        (
            select u.tenant_id
            from authz.users as u
            where u.id = grant_permission.user_id
        ),
        'user_id'
    );
    select u.tenant_id into home from authz.users as u where u.id = grant_permission.user_id;
    perform authz_private.check_window(grant_permission.valid_from, grant_permission.valid_until);
    perform authz_private.require_permission_row(grant_permission.permission_id);
    if exists (
        select
        from authz.permissions as p
        where p.id = grant_permission.permission_id and p.scope = 'system'
    )
    then
        raise exception 'permission_id: the scope system is for platform roles'
            using errcode = '23514', hint = 'Use the scope organization.';
    end if;
    perform authz_private.check_grant_change(
        me, grant_permission.user_id, grant_permission.unit_id,
        coalesce(grant_permission.inherit_to_descendants, true), grant_permission.valid_until,
        'create',
        array[grant_permission.permission_id],
        null
    );
    begin
        insert into authz.user_permissions as g (
            tenant_id, user_id, permission_id, unit_id, inherit_to_descendants, valid_from, valid_until
        )
        values (
            home, grant_permission.user_id, grant_permission.permission_id, grant_permission.unit_id,
            coalesce(grant_permission.inherit_to_descendants, true), grant_permission.valid_from,
            grant_permission.valid_until
        )
        returning g.id into new_id;
    exception
        when unique_violation or exclusion_violation then
            perform authz_private.refuse_overlap('user_id');
    end;
    return row(new_id, 'done', authz.policy_version())::authz.change;
end
$$;

comment on function authz.grant_permission(
    bigint, int, int, boolean, timestamptz, timestamptz
) is
    'Gives the user the permission at the unit, and below it when inherited; a null unit_id '
    'means wherever the user belongs. Requires permissions:create throughout that place, and the '
    'caller must hold there, for as long and as unconditionally, the same. 28000 if nobody is '
    'signed in; 42501 if that is not allowed or the object does not exist, for oneself, above '
    'one''s own rank, or if the caller does not hold it; 22023 for an empty window, no such '
    'permission; 23514 for the scope system; 23P01 if the user has it there already for a part '
    'of that time.';
revoke all on function authz.grant_permission(
    bigint, int, int, boolean, timestamptz, timestamptz
) from public;
grant execute on function authz.grant_permission(
    bigint, int, int, boolean, timestamptz, timestamptz
) to fundwarden_app;
