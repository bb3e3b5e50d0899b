-- Ids of permissions may differ between cells.

create or replace function authz_private.names_permissions(relation regclass)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select exists (
        select
        from pg_catalog.pg_attribute as a
        where a.attrelid = names_permissions.relation
            and a.attname = 'permission_id'
            and not a.attisdropped
    );
end;

comment on function authz_private.names_permissions(regclass) is
    'Whether rows of the table refer to permissions by id.';
revoke all on function authz_private.names_permissions(regclass) from public;
