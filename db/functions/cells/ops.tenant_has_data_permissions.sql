-- They arrive last, and decide what users may read.

create or replace function ops.tenant_has_data_permissions(tenant_id int)
returns boolean
language sql stable security invoker parallel safe
begin atomic
    select exists (
            select
            from authz.row_permissions as r
            where r.tenant_id = tenant_has_data_permissions.tenant_id
        )
        or exists (
            select
            from authz.column_permissions as c
            where c.tenant_id = tenant_has_data_permissions.tenant_id
        );
end;

comment on function ops.tenant_has_data_permissions(int) is
    'Whether there are row or column permissions of users of the tenant.';
revoke all on function ops.tenant_has_data_permissions(int) from public;
