-- To edit what one holds is to grant to oneself, also through roles that inherit and with a window
-- to come.

create or replace function authz_private.holds_role(user_id bigint, role_id int)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select exists (
        select
        from authz_private.held_roles(holds_role.user_id) as h
        where h.role_id = holds_role.role_id
    );
end;

comment on function authz_private.holds_role(bigint, int) is
    'Whether the user holds, or will hold, the role or one that inherits from it.';
revoke all on function authz_private.holds_role(bigint, int) from public;
