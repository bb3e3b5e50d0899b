-- Permissions are of nobody: that one is there is no secret.

create or replace function authz_private.require_permission_row(permission_id int)
returns void
language plpgsql stable security invoker parallel restricted
as $$
begin
    if permission_id is null
        or not exists (
            select from authz.permissions as p where p.id = require_permission_row.permission_id
        )
    then
        raise exception 'permission_id % does not exist', coalesce(permission_id::text, 'null')
            using errcode = '22023', hint = 'authz.create_permission() returns the id of one.';
    end if;
end
$$;

comment on function authz_private.require_permission_row(int) is
    'Refuses a permission that does not exist with 22023.';
revoke all on function authz_private.require_permission_row(int) from public;
