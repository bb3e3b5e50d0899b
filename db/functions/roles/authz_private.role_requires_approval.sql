-- A role that inherits from one that requires approval gives the same.

create or replace function authz_private.role_requires_approval(role_id int)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select coalesce(bool_or(r.requires_approval), false)
    from authz_private.role_lineage(role_requires_approval.role_id) as l
    inner join authz.roles as r on l.ancestor_id = r.id;
end;

comment on function authz_private.role_requires_approval(int) is
    'Whether the role, or one it inherits from, is granted by two people only.';
revoke all on function authz_private.role_requires_approval(int) from public;
