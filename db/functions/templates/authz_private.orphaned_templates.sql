-- Asked by the check and by what mends it. A template may come before the permissions that it is
-- about, but not before the resource.

create or replace function authz_private.orphaned_templates()
returns setof bigint
language sql stable security invoker parallel safe
begin atomic
    select t.id
    from authz.permission_templates as t
    where not exists (
            select
            from authz.resources as r
            where r.code = split_part(t.permission_key, '.', 1)
        );
end;

comment on function authz_private.orphaned_templates() is
    'Templates of a resource that is not in the menu: they give nothing until somebody adds one of '
    'that name.';
revoke all on function authz_private.orphaned_templates() from public;
