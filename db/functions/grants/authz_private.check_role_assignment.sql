-- Asked of whoever assigns, of whoever approves, and of whoever asked again when it is approved.

create or replace function authz_private.check_role_assignment(
    actor_id bigint,
    user_id bigint,
    role_id int,
    unit_id int,
    inherit_to_descendants boolean,
    until timestamptz
)
returns void
language plpgsql stable security invoker parallel restricted
as $$
declare
    given authz.roles;
begin
    given := authz_private.usable_role(
        check_role_assignment.role_id,
        (select u.tenant_id from authz.users as u where u.id = check_role_assignment.user_id),
        'role_id'
    );
    perform authz_private.check_grant_change(
        actor_id, check_role_assignment.user_id, check_role_assignment.unit_id,
        check_role_assignment.inherit_to_descendants, until, 'create',
        array(select distinct c.permission_id from authz_private.role_carries(given.id) as c),
        given.rank
    );
end
$$;

comment on function authz_private.check_role_assignment(
    bigint, bigint, int, int, boolean, timestamptz
) is
    'Refuses with 42501 a role that the acting user may not give to the user there.';
revoke all on function authz_private.check_role_assignment(
    bigint, bigint, int, int, boolean, timestamptz
) from public;
